import type { Context } from '../../src/contracts/context.ts'
import type { FaultInput } from '../../src/contracts/fault.ts'

/** Something real that a fault can break, and a look at it that does not go through the fault. Ends everything it started. */
export interface Scene extends AsyncDisposable {
  /** A fresh input each time: its own token. */
  input(): FaultInput<unknown>
  context(extra?: Partial<Context>): Context
  /** Whether the damage is there, seen from outside. */
  harmed(): Promise<boolean>
  /** Everything that undo must leave as it was, where that can be listed: equal before the fault and after it. */
  snapshot?(): Promise<unknown>
}

/** What a fault ships for the contract suite: `test/contract/rigs/<platform>/<name>.ts` exports it as `rigs`. */
export interface Rig {
  readonly what: string
  /** Only what differs from the fault's first rig: that it bites and is undone. */
  readonly brief?: boolean
  /** What this machine would need for it, in a person's words; undefined: it is all here. Without it the rig is skipped, counted. */
  readonly needs?: () => string | undefined
  readonly build: () => Promise<Scene>
}

/** A secret that scenes hide behind a reference: it must never show up in a plan, a record or an effect. */
export const SECRET = 'hunter2-of-the-rig'
