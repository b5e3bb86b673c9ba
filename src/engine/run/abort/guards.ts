import type { Clock } from '../../../contracts/context.ts'
import { seconds } from '../../../domain/time.ts'
import type { AbortLatch } from './latch.ts'

/** Wall minus monotonic may drift by slewing; a jump of more than this is a suspend or a step, and measures across it mean nothing. */
const MAX_STEP = 1

export interface Watched {
  readonly clock: Clock
  readonly abort: AbortLatch
  /** Seconds from now after which the drill must be on its way home. */
  readonly limit: number
  /** A reason to stop, or null: a request from another terminal, a kill switch. Called about once a second; may take long. */
  readonly asked: () => Promise<{ readonly cause: 'stop' | 'kill-switch'; readonly detail: string } | null>
  readonly stepped: (by: number) => void
}

/** What aborts a drill beside its guardrails: its own time limit, a stepped clock, a request from outside. */
export function startGuards({ clock, abort, limit, asked, stepped }: Watched): Disposable {
  const begun = clock.now()
  const offset = clock.wall() - begun
  let asking = false
  const timer = setInterval(() => {
    const drift = clock.wall() - clock.now() - offset
    if (Math.abs(drift) > MAX_STEP) {
      stepped(drift)
      abort.trip('clock', `the wall clock moved by ${drift.toFixed(3)}s against the monotonic clock (suspended, or set)`)
    }
    if (clock.now() - begun > limit) abort.trip('time-limit', `limits.duration of ${seconds(limit)}s is over`)
    if (asking) return
    asking = true
    asked()
      .then((reason) => reason && abort.trip(reason.cause, reason.detail))
      .catch((error: unknown) => abort.trip('kill-switch', `the kill switch could not be read: ${String(error)}`))
      .finally(() => {
        asking = false
      })
  }, 500)
  return { [Symbol.dispose]: () => clearInterval(timer) }
}
