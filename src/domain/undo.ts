import type { Json } from './json.ts'

/** Where undo can come from when the machine that ran the drill is gone. `self`: the fault ends by itself at a time the platform knows. */
export type UndoReach = 'here' | 'tag' | 'store' | 'self'

/**
 * What is needed to put one target back: data, never code, references instead of secrets.
 * Written and synced before the mutation it undoes.
 */
export interface UndoRecord {
  /** Unique in the drill: `<fault name>#<occurrence>/<target index>`. */
  readonly id: string
  readonly run: string
  /** Name in the experiment. */
  readonly fault: string
  /** Registry kind, such as `process/pause`. */
  readonly kind: string
  /** Version of the record's shape, owned by the fault. */
  readonly version: number
  /** What a person calls it. */
  readonly target: string
  /** Prior state and whatever undo needs. */
  readonly data: Json
  /** What a person would type to do the same. */
  readonly command: string
  /** When the fault ends by itself, seconds since the Unix epoch; null when it holds until it is undone. */
  readonly expires: number | null
  /** By then its drill will have undone it, seconds since the Unix epoch: later it is abandoned. */
  readonly due: number
}

/**
 * undone: it was ours and we changed it back. drifted: somebody else changed it since; left alone. expired: it ended by itself.
 * not-needed: an event, or the target is gone and so is the fault. not-injected: the mutation never happened. failed: still faulted.
 */
export type UndoState = 'undone' | 'drifted' | 'expired' | 'failed' | 'not-needed' | 'not-injected'

export interface UndoOutcome {
  readonly state: UndoState
  /** True when reading the target back showed that nothing of ours is left. */
  readonly verified: boolean
  readonly detail: string
}
