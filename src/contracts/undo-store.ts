import type { UndoRecord } from '../domain/undo.ts'
import type { Context } from './context.ts'
import type { LockHolder } from './platform.ts'
import type { Need } from './preflight.ts'

/** Keeps undo records outside the blast radius. Named by `undoStore:` (`./folder`, `kubernetes:CONTEXT/NAMESPACE`). */
export interface UndoStore {
  readonly where: string
  /** Durable when it resolves. */
  put(record: UndoRecord): Promise<void>
  list(run?: string): Promise<readonly UndoRecord[]>
  remove(run: string, id: string): Promise<void>
  /** Seconds since the Unix epoch as the store's own platform tells it; absent: this machine's clock counts. */
  now?(): Promise<number>
  /** Runs that hold a lock on the store's platform now, whatever they have faulted. */
  holders?(): Promise<readonly LockHolder[]>
  /** Asks whoever holds the run's lock there to abort and undo. False: nobody does. */
  stop?(run: string, why: string): Promise<boolean>
  /** Lets go of the locks of a run that was undone from here. Idempotent. */
  release?(run: string): Promise<void>
  /** Puts away what a run's load made there. Idempotent. Rejects, and names what to type, when something of it may be left. */
  sweep?(run: string): Promise<void>
  /** Whether somebody still renews the run's lock on the store's platform; absent: the store cannot tell. */
  held?(run: string): Promise<boolean>
}

export interface UndoStoreKind {
  /** The scheme it answers to; `file` also answers to a plain path. */
  readonly scheme: string
  readonly summary: string
  open(where: string, at: Pick<Context, 'env' | 'folder'>): Promise<UndoStore>
  /** The rights that keeping records there takes. Throws a DrillError (refused) when none can be kept there. */
  needs?(where: string): readonly Need[]
}
