import { expect, test } from 'vitest'
import { wilson } from './proportion.ts'

test.each([
  // Half-widths at p = 0.94 as published: 7 points at 50, 2.4 at 400.
  [47, 50, 0.838, 0.979],
  [376, 400, 0.912, 0.959],
  [0, 100, 0, 0.037],
  [100, 100, 0.963, 1],
])('%i of %i lies in [%f, %f]', (hits, of, lo, hi) => {
  const interval = wilson(hits, of)
  expect(interval.lo).toBeCloseTo(lo, 2)
  expect(interval.hi).toBeCloseTo(hi, 2)
})

test('of nothing everything is possible', () => expect(wilson(0, 0)).toEqual({ lo: 0, hi: 1 }))
