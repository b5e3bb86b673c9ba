import { difference, type Interval } from '../domain/interval.ts'
import type { Censored, Measure, Measured, NotMeasured } from '../domain/record.ts'
import type { Verdict } from '../domain/verdict.ts'

export interface How {
  readonly unit: string
  readonly method: string
  readonly censored?: Censored
  readonly resolution?: string
  readonly samples?: number
  readonly missed?: number
}

/** `hi` null: nothing is known above. Lengths of time are never negative. */
export function measured(lo: number, hi: number | null, { unit, censored, ...how }: How): Measure {
  return { lo: rounded(lo), hi: hi === null ? null : rounded(hi), unit, censored: censored ?? (hi === null ? 'right' : null), ...how }
}

export const notMeasured = (unit: string, reason: string): NotMeasured => ({ lo: null, hi: null, unit, reason })

export const isMeasured = (of: Measured): of is Measure => !('reason' in of)

/** The time from one event to a later one, both known to an interval; what would be negative is 0. */
export function elapsed(later: Interval, earlier: Interval, how: Omit<How, 'unit'>): Measure {
  const { lo, hi } = difference(later, earlier)
  return measured(Math.max(0, lo), Math.max(0, hi), { unit: 's', ...how })
}

/** held: hi ≤ target. broken: lo > target. Anything else is unknown. */
export function judge(of: Measured, target: number): { readonly verdict: Verdict; readonly reason: string } {
  if (!isMeasured(of)) return { verdict: 'unknown', reason: of.reason }
  const { lo, hi, unit } = of
  if (hi !== null && hi <= target) return { verdict: 'held', reason: `at most ${show(hi)} ${unit} of ${show(target)} ${unit}` }
  if (lo !== null && lo > target) return { verdict: 'broken', reason: `at least ${show(lo)} ${unit}, more than ${show(target)} ${unit}` }
  if (hi === null) return { verdict: 'unknown', reason: `at least ${show(lo ?? 0)} ${unit}, but how much was not seen` }
  return {
    verdict: 'unknown',
    reason: `between ${show(lo ?? 0)} and ${show(hi)} ${unit}: the target of ${show(target)} ${unit} lies inside`,
  }
}

/** Microseconds are what samples are recorded in: more digits than that would be noise of the arithmetic. */
export const rounded = (value: number): number => Number(value.toFixed(6))

export const show = (value: number): string => String(Number(value.toPrecision(4)))
