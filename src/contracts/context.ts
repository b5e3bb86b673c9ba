import type { Instant, Seconds } from '../domain/time.ts'

/** The clocks and the waiting of a drill. A parameter everywhere, so that tests can hold it still. */
export interface Clock {
  /** Monotonic, the same in every thread and process of this boot. */
  now(): Instant
  /** Seconds since the Unix epoch. */
  wall(): number
  /** Rejects with the signal's reason when it aborts. */
  sleep(length: Seconds, signal?: AbortSignal): Promise<void>
}

/** What a contract's function may use beside its own arguments. */
export interface Context {
  readonly clock: Clock
  /** Aborts when the work is no longer wanted or its deadline is over. Every wait listens to it. */
  readonly signal: AbortSignal
  readonly run: string
  /** Fencing: proxies and platforms refuse work of an epoch that is not the newest. */
  readonly lease: { readonly file: string; readonly epoch: number }
  /** Environment variables, for secrets by reference only. */
  readonly env: Readonly<Record<string, string | undefined>>
  /** Relative paths of an experiment are relative to its folder. */
  readonly folder: string
  /** What a person who watches may want to know. */
  note(text: string): void
  /** Asks a person who is there; false is a no. Absent where nobody can be asked. Rejects with the signal's reason when it aborts. */
  readonly ask?: (question: string, signal: AbortSignal) => Promise<boolean>
}
