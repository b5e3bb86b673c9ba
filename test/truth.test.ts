import { expect, test } from 'vitest'
import { measureTruth } from '../bench/truth/run.ts'

test('sixty random outages: every true start and end lies in the interval that was measured from outside', async () => {
  const results = await measureTruth({ outagesPerMode: 20, seed: 11 })
  expect(results).toHaveLength(3)
  for (const one of results) {
    expect(one.outages + one.setAside).toBe(20)
    expect(one.outages, 'outages around which the server was not starved').toBeGreaterThan(4)
    expect(one.unseen, one.mode).toBe(0)
    expect(one.inside, one.mode).toBe(one.outages)
    // The bench holds the 99th percentile to the limit on a quiet machine; here only that the intervals say something.
    expect(one.onset.p50, one.mode).toBeLessThan(one.onset.limit + 0.1)
    expect(one.recovery.p50, one.mode).toBeLessThan(one.recovery.limit + 0.1)
  }
})
