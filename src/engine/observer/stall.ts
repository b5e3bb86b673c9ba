/** Knows when this thread itself stood still: answers that came meanwhile were read late, and say nothing of the system's speed. */
export interface Stalls {
  /** Called once a turn, `now` in seconds on the drill's clock. */
  turn(now: number): void
  /** Whether the thread stood still at some time of [start, end], `end` being now. */
  during(start: number, end: number): boolean
}

/** A turn that is later than this, seconds, is a standstill: what a request's time may be wrong by. */
const LATE = 0.01
/** No request is under way for longer than that many remembered standstills reach back. */
const REMEMBERED = 256

export function createStalls(every: number): Stalls {
  let last: number | undefined
  const stalls: { readonly from: number; readonly to: number }[] = []
  return {
    turn(now) {
      if (last !== undefined && now - last > every + LATE) {
        stalls.push({ from: last, to: now })
        if (stalls.length > REMEMBERED) stalls.shift()
      }
      last = now
    },
    during(start, end) {
      if (last !== undefined && end - last > every + LATE) return true
      for (let i = stalls.length - 1; i >= 0; i--) {
        const stall = stalls[i]
        if (!stall || stall.to < start) return false
        if (stall.from < end) return true
      }
      return false
    },
  }
}
