import type { KeeperPlan, LedgerTally } from '../../contracts/keeper.ts'
import type { EventOf, ReadWhen } from '../../domain/event.ts'
import type { ExitCode } from '../../domain/verdict.ts'

/** What the main thread asks of the keeper's thread, and what each question is answered with. */
export interface Calls {
  readonly quiesce: { readonly ask: { readonly ledger: string }; readonly answer: null }
  readonly resume: { readonly ask: { readonly ledger: string }; readonly answer: null }
  readonly read: { readonly ask: { readonly ledger: string; readonly when: ReadWhen }; readonly answer: readonly EventOf<'ledger.read'>[] }
  readonly agree: { readonly ask: { readonly ledger: string }; readonly answer: { readonly agree: boolean; readonly detail: string } }
  readonly scrub: {
    readonly ask: Record<never, never>
    readonly answer: readonly { readonly ledger: string; readonly left: readonly string[] }[]
  }
  readonly stop: { readonly ask: Record<never, never>; readonly answer: null }
}
export type Call = keyof Calls

export type Ask = { [C in Call]: { readonly id: number; readonly call: C } & Calls[C]['ask'] }[Call]

/** A DrillError that crosses threads as data. */
export interface Failure {
  readonly message: string
  readonly code: string
  readonly exit: ExitCode
  readonly next: readonly string[]
}

export type Tell =
  | { readonly kind: 'ready' }
  | { readonly kind: 'failed'; readonly failure: Failure }
  | { readonly kind: 'answer'; readonly id: number; readonly value: Calls[Call]['answer'] }
  | { readonly kind: 'refused'; readonly id: number; readonly failure: Failure }
  | { readonly kind: 'tally'; readonly tally: LedgerTally }
  | { readonly kind: 'note'; readonly text: string }
  | { readonly kind: 'lost'; readonly why: string }
  | { readonly kind: 'beat' }

/** `workerData` of the thread. */
export interface KeeperData {
  readonly keeper: KeeperPlan
}
