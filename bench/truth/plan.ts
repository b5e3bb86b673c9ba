export const MODES = ['refused', 'unanswered', 'slow'] as const
/** refused: nothing listens. unanswered: accepted and never answered. slow: answered right, but too late. */
export type Mode = (typeof MODES)[number]

/** Times in seconds. */
export interface ServerPlan {
  readonly modes: readonly Mode[]
  readonly outages: number
  readonly seed: number
  readonly up: readonly [number, number]
  readonly down: readonly [number, number]
  /** How long a slow answer takes. */
  readonly slow: number
}

/** One outage as the server itself knows it: nanoseconds of CLOCK_MONOTONIC before and after each change. */
export interface Truth {
  readonly mode: Mode
  readonly down: readonly [string, string]
  readonly up: readonly [string, string]
}

/** The server itself did not get the processor: it was slow without having been told to be. */
export interface Standstill {
  readonly stall: readonly [string, string]
}

export type Line = Truth | Standstill | { readonly done: true }
