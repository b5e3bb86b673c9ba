import { setTimeout as sleep } from 'node:timers/promises'
import { describe } from '../../domain/error.ts'
import type { Cadence } from '../options.ts'

/** Before the first success nothing was ever up: look often, so that a fresh start is not held back by the cadence. */
const FIRST_LOOK = 50

export interface Health {
  /** False until the first success: what was never up cannot go down. */
  readonly known: boolean
  readonly up: boolean
  readonly why: string
}

const UNKNOWN: Health = { known: false, up: false, why: 'not checked yet' }

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
  let streak = 0
  let now = UNKNOWN
  const judge = (up: boolean, why: string): void => {
    streak = up === now.up ? 0 : streak + 1
    if (up === now.up) return
    if (now.known && streak < (up ? cadence.rise : cadence.fall)) return
    streak = 0
    now = { known: true, up, why }
    changed(now)
  }
  const loop = async (): Promise<void> => {
    for (;;) {
      const began = performance.now()
      await check().then(
        () => judge(true, 'answers'),
        (error: unknown) => judge(false, describe(error)),
      )
      const pause = now.known ? cadence.every * 1000 : FIRST_LOOK
      await sleep(Math.max(1, pause - (performance.now() - began)))
    }
  }
  void loop()
  return {
    state: () => now,
    reset: () => {
      streak = 0
      now = UNKNOWN
    },
  }
}
