import type { UndoRecord } from '../domain/undo.ts'
import type { Context } from './context.ts'

/** Keeps undo records outside the blast radius. Named by `undoStore:` (`./folder`, `kubernetes:CONTEXT/NAMESPACE`). */
export interface UndoStore {
  readonly where: string
  /** Durable when it resolves. */
  put(record: UndoRecord): Promise<void>
  list(run?: string): Promise<readonly UndoRecord[]>
  remove(run: string, id: string): Promise<void>
  /** Seconds since the Unix epoch as the store's own platform tells it; absent: this machine's clock counts. */
  now?(): Promise<number>
  /** Whether somebody still renews the run's lock on the store's platform; absent: the store cannot tell. */
  held?(run: string): Promise<boolean>
}

export interface UndoStoreKind {
  /** The scheme it answers to; `file` also answers to a plain path. */
  readonly scheme: string
  readonly summary: string
  open(where: string, at: Pick<Context, 'env' | 'folder'>): Promise<UndoStore>
}
