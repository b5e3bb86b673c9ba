/** Knows when this thread itself stood still: answers that came meanwhile were read late, and say nothing of the system's speed. */
export interface Stalls {
  /** Called once a turn, `now` in seconds on the drill's clock. */
  turn(now: number): void
  /** How long the thread stood still in [start, end], seconds at most, `end` being now. */
  during(start: number, end: number): number
}

/** A turn that is later than this, seconds, is a standstill; less does not matter. */
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
      let sum = last !== undefined && end - last > every + LATE ? end - Math.max(start, last) : 0
      for (let i = stalls.length - 1; i >= 0; i--) {
        const stall = stalls[i]
        if (!stall || stall.to < start) break
        sum += Math.max(0, Math.min(end, stall.to) - Math.max(start, stall.from))
      }
      return sum
    },
  }
}
