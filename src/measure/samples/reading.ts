import { OUTCOMES, served } from '../../domain/sample.ts'
import { createHistogram } from './histogram.ts'
import type { Columns } from './order.ts'

/** What a sample says about the service. `unknown`: the slot was missed, or the observer itself was in trouble. */
export const GOOD = 0
export const BAD = 1
export const UNKNOWN = 2
export type Reading = typeof GOOD | typeof BAD | typeof UNKNOWN

/** Whether the observer was in trouble at any time of [start, end], in microseconds. */
export type Trouble = (start: number, end: number) => boolean

export const noTrouble: Trouble = () => false

const BY_OUTCOME: readonly Reading[] = OUTCOMES.map((outcome) => {
  const good = served(outcome)
  return good === undefined ? UNKNOWN : good ? GOOD : BAD
})

/** What row `i` says of the service: unknown where the observer was in trouble, whatever it saw. */
export function readingAt(rows: Columns, i: number, trouble: Trouble): Reading {
  const reading = BY_OUTCOME[rows.outcome[i] ?? 0] ?? UNKNOWN
  return reading !== UNKNOWN && trouble(rows.start[i] ?? 0, rows.end[i] ?? 0) ? UNKNOWN : reading
}

export interface Typical {
  add(latency: number): void
  /** Microseconds; infinite until enough was seen. */
  value(): number
}

const ENOUGH = 20

/**
 * How long the service takes when it is well: the 99th percentile of the good answers so far.
 * A request that got no good answer within that time says that the service was not well at some moment of it, however much later it was given up:
 * this is what keeps the recovery edge of a hang as narrow as that of a refusal.
 */
export function createTypical(): Typical {
  const seen = createHistogram()
  let value = Number.POSITIVE_INFINITY
  let next = ENOUGH
  return {
    add: (latency) => seen.record(latency),
    value() {
      if (seen.count >= next) {
        value = seen.quantile(0.99)?.hi ?? value
        next = seen.count * 1.1
      }
      return value
    },
  }
}
