/** The truth lies in [lo, hi]. Same unit on both ends; lo ≤ hi. */
export interface Interval {
  readonly lo: number
  readonly hi: number
}

/** later − earlier, as widely as the ends allow. */
export const difference = (later: Interval, earlier: Interval): Interval => ({
  lo: later.lo - earlier.hi,
  hi: later.hi - earlier.lo,
})

export const hull = (a: Interval, b: Interval): Interval => ({ lo: Math.min(a.lo, b.lo), hi: Math.max(a.hi, b.hi) })

export const width = (of: Interval): number => of.hi - of.lo
