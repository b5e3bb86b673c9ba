import { setTimeout as sleep } from 'node:timers/promises'
import { describe } from '../../domain/error.ts'
import type { Cadence } from '../options.ts'

/** Before the first success nothing was ever up: look often, so that a fresh start is not held back by the cadence. */
const FIRST_LOOK = 25

export interface Health {
  readonly up: boolean
  readonly why: string
}

export interface HealthWatch {
  state(): Health
  /** Forget the streak: the next checks speak about something new. */
  reset(): void
}

/**
 * Checks one after the other for as long as the process lives. Up at the first success ever; then `fall` failures in a row are down
 * and `rise` successes in a row are up again. `check` rejects on failure and keeps its own timeout.
 */
export function watchHealth(cadence: Cadence, check: () => Promise<unknown>, changed: (now: Health) => void): HealthWatch {
  let known = false
  let streak = 0
  let now: Health = { up: false, why: 'not checked yet' }
  const judge = (up: boolean, why: string): void => {
    streak = up === now.up ? 0 : streak + 1
    if (up === now.up && known) return
    if (known && streak < (up ? cadence.rise : cadence.fall)) return
    if (!known && !up) return
    known = true
    streak = 0
    now = { up, why }
    changed(now)
  }
  const loop = async (): Promise<void> => {
    for (;;) {
      const began = performance.now()
      await check().then(
        () => judge(true, 'answers'),
        (error: unknown) => judge(false, describe(error)),
      )
      const pause = known ? cadence.every * 1000 : FIRST_LOOK
      await sleep(Math.max(1, pause - (performance.now() - began)))
    }
  }
  void loop()
  return {
    state: () => now,
    reset: () => {
      known = false
      streak = 0
      now = { up: false, why: 'not checked yet' }
    },
  }
}
