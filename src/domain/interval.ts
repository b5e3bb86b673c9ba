/** The truth lies in [lo, hi]. Same unit on both ends; lo ≤ hi. */
export interface Interval {
  readonly lo: number
  readonly hi: number
}

export const point = (value: number): Interval => ({ lo: value, hi: value })

/** later − earlier, as widely as the ends allow. */
export const difference = (later: Interval, earlier: Interval): Interval => ({
  lo: later.lo - earlier.hi,
  hi: later.hi - earlier.lo,
})

export const hull = (a: Interval, b: Interval): Interval => ({ lo: Math.min(a.lo, b.lo), hi: Math.max(a.hi, b.hi) })

export const atLeastZero = (of: Interval): Interval => ({ lo: Math.max(0, of.lo), hi: Math.max(0, of.hi) })

export const width = (of: Interval): number => of.hi - of.lo

export const contains = (of: Interval, value: number): boolean => of.lo <= value && value <= of.hi
