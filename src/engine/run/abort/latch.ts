import type { AbortCause } from '../../../domain/event.ts'

export interface Abort {
  readonly cause: AbortCause
  readonly detail: string
}

/** The one abort of a drill: the first cause wins, everything that waits on `signal` wakes. */
export interface AbortLatch {
  readonly signal: AbortSignal
  readonly tripped: () => Abort | null
  trip(cause: AbortCause, detail: string): void
}

export function createAbortLatch(onFirst: (abort: Abort) => void): AbortLatch {
  const controller = new AbortController()
  let first: Abort | null = null
  return {
    signal: controller.signal,
    tripped: () => first,
    trip: (cause, detail) => {
      if (first) return
      first = { cause, detail }
      onFirst(first)
      controller.abort(first)
    },
  }
}

/** True when a wait ended because the drill was aborted, not because something failed. */
export const isAbort = (signal: AbortSignal, error: unknown): boolean => signal.aborted && (error === signal.reason || isAbortError(error))

const isAbortError = (error: unknown): boolean => error instanceof Error && (error.name === 'AbortError' || error.name === 'TimeoutError')
