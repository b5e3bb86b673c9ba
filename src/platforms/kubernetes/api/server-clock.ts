import type { Interval } from '../../../domain/interval.ts'

/** How far the server's clock is ahead of ours, as an interval that narrows with every answer. */
export interface ServerClock {
  /** Takes in the `Date` header of an answer, which is cut to whole seconds, and our own wall clock at both ends of the request, in seconds. */
  heard(date: string | undefined, sent: number, received: number): void
  /** Server minus ours, seconds; undefined before the first answer. */
  offset(): Interval | undefined
}

export function createServerClock(): ServerClock {
  let known: Interval | undefined
  return {
    heard: (date, sent, received) => {
      const stamp = date === undefined ? Number.NaN : Date.parse(date) / 1000
      if (Number.isNaN(stamp)) return
      // It was written at some moment between sending and receiving, and is that moment without its fraction.
      const seen = { lo: stamp - received, hi: stamp + 1 - sent }
      const both = known && { lo: Math.max(known.lo, seen.lo), hi: Math.min(known.hi, seen.hi) }
      // Disjoint: one of the clocks was set. What was known before is over.
      known = both && both.lo <= both.hi ? both : seen
    },
    offset: () => known,
  }
}
