import { MICRO } from '../samples/micro.ts'
import type { Span } from './windows.ts'

/** Bad time in a stretch of the drill, seconds: ∫ share of requests that go bad, over the times at which they are asked. */
export interface Burn {
  readonly lo: number
  readonly hi: number
  readonly samples: number
}

/**
 * Every sample stands for one interval of the probe. Where the service turns good or bad between two samples it is off by an interval and a
 * latency at most; of M such turns most cancel, so beyond four the sum of errors is taken as 2·√M of them (95 %). What nobody knows, recorded or
 * not, may have been bad: it counts in `hi`.
 */
export function createBurn(over: Span, every: number) {
  const from = over.from * MICRO
  const to = over.to * MICRO
  let good = 0
  let bad = 0
  let unknown = 0
  let turns = 0
  let wasBad = false
  let latency = 0
  return {
    add(planned: number, reading: 'good' | 'bad' | 'unknown', took: number) {
      if (planned < from || planned >= to) return
      if (reading === 'unknown') unknown++
      else if (reading === 'good') {
        good++
        latency += took
        wasBad = false
      } else {
        bad++
        if (!wasBad) turns++
        wasBad = true
      }
    },
    total(): Burn {
      const recorded = good + bad + unknown
      const absent = Math.max(0, Math.floor((over.to - over.from) / every) - recorded - 1)
      const typical = good === 0 ? 0 : latency / good / MICRO
      const error = (every + typical) * Math.min(turns, 2 * Math.sqrt(turns))
      const length = over.to - over.from
      return {
        lo: Math.max(0, bad * every - error),
        hi: Math.min(length, (bad + unknown + absent) * every + error),
        samples: good + bad,
      }
    },
  }
}
