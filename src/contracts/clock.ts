import { setTimeout as pause } from 'node:timers/promises'
import { type Instant, instant, type Seconds } from '../domain/time.ts'
import type { Clock } from './context.ts'

/** The real clock of a drill. `monotonic`: CLOCK_MONOTONIC in nanoseconds at drill time 0, the same in every thread and process of this boot. */
export const systemClock = (monotonic: bigint): Clock => ({
  now: (): Instant => instant(Number(process.hrtime.bigint() - monotonic) / 1e9),
  wall: () => Date.now() / 1000,
  sleep: async (length: Seconds, signal?: AbortSignal) => {
    try {
      await pause(Math.max(0, length) * 1000, undefined, signal ? { signal } : {})
    } catch (error) {
      throw signal?.aborted ? signal.reason : error
    }
  },
})
