import type { EventOf, ReadWhen } from '../domain/event.ts'
import type { LedgerDecl } from '../domain/experiment.ts'
import type { ObserverPlan } from './observer.ts'

export type KeeperPlan = Pick<ObserverPlan, 'run' | 'out' | 'folder' | 'monotonic' | 'lease' | 'env'> & {
  readonly ledgers: readonly LedgerDecl[]
}

/** A running tally per ledger, for the live view and for knowing when writes are acknowledged again. */
export interface LedgerTally {
  readonly ledger: string
  readonly acknowledged: number
  readonly refused: number
  readonly indeterminate: number
  /** End of the last acknowledged write, drill clock; null before the first. */
  readonly lastAck: number | null
}

export interface KeeperEvents {
  /** About four times a second. */
  tally(tally: LedgerTally): void
  note(text: string): void
  lost(why: string): void
}

/** Ledgers on a thread of their own: writes at a fixed rate, open-loop, from `start` to `quiesce`. */
export interface Keeper {
  /** Stops new writes and waits for the ones under way. */
  quiesce(ledger: string): Promise<void>
  resume(ledger: string): void
  /** Reads every node, writes the sets beside the samples, and returns the events to be journaled. */
  read(ledger: string, when: ReadWhen): Promise<readonly EventOf<'ledger.read'>[]>
  /**
   * Every node answers, exactly one of them takes writes, and all hold the same records up to the moment of the call; the reason when not.
   * Acknowledged writes that no node holds are a loss, not a disagreement: they are named in the detail and counted by the measures.
   */
  agree(ledger: string): Promise<{ readonly agree: boolean; readonly detail: string }>
  /** Removes every ledger's namespace; what is left, if anything. */
  scrub(): Promise<readonly { readonly ledger: string; readonly left: readonly string[] }[]>
  stop(): Promise<void>
}

/** Resolves when every ledger is prepared and writing; rejects with a DrillError otherwise. */
export type StartKeeper = (plan: KeeperPlan, events: KeeperEvents) => Promise<Keeper>
