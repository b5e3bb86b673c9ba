import fc from 'fast-check'
import { expect, it } from 'vitest'
import { createHistogram } from './histogram.ts'

it('answers with a bucket that holds the true quantile, within 0.1 %', () => {
  const values = fc.array(fc.integer({ min: 0, max: 3_600_000_000 }), { minLength: 1, maxLength: 300 })
  fc.assert(
    fc.property(values, fc.double({ min: 0, max: 1, noNaN: true }), (recorded, share) => {
      const histogram = createHistogram()
      for (const value of recorded) histogram.record(value)
      const sorted = recorded.toSorted((a, b) => a - b)
      const truth = sorted[Math.min(sorted.length, Math.max(1, Math.ceil(share * sorted.length - 1e-9))) - 1] ?? -1
      const { lo, hi } = histogram.quantile(share) ?? { lo: 1, hi: 0 }
      expect(lo).toBeLessThanOrEqual(truth)
      expect(hi).toBeGreaterThanOrEqual(truth)
      expect(hi - lo).toBeLessThanOrEqual(truth * 0.001)
    }),
  )
})

it('says nothing of nothing', () => expect(createHistogram().quantile(0.5)).toBeNull())
