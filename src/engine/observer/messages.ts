import type { ObserverEvents, ObserverPlan, ObserverSummary } from '../../contracts/observer.ts'
import type { ExitCode } from '../../domain/verdict.ts'

/** What survives the way between threads of a DrillError. */
export interface ErrorData {
  readonly message: string
  readonly code: string
  readonly exit: ExitCode
  readonly next: readonly string[]
}

export interface ObserverData {
  readonly plan: ObserverPlan
  /** Milliseconds of CLOCK_MONOTONIC when the thread was last seen alive. */
  readonly beat: SharedArrayBuffer
}

type Reported = Omit<ObserverEvents, 'lost'>

/** From the thread: one of the observer's events with its arguments, or an answer. */
export type ToMain =
  | { readonly [K in keyof Reported]: { readonly event: K; readonly args: Parameters<Reported[K]> } }[keyof Reported]
  | { readonly event: 'ready' }
  | { readonly event: 'refused'; readonly error: ErrorData }
  | { readonly event: 'lost'; readonly why: string }
  | { readonly event: 'answer'; readonly id: number; readonly summary: ObserverSummary | null }

export interface ToThread {
  readonly id: number
  readonly do: 'arm' | 'disarm' | 'flush' | 'stopLoad' | 'stop'
}

/** Monotonic milliseconds that fit a shared 32-bit counter; differences are right across its wrap. */
export const beatNow = (): number => Number((process.hrtime.bigint() / 1_000_000n) & 0x7fffffffn)
