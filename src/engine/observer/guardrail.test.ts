import { expect, test } from 'vitest'
import type { Guardrail } from '../../domain/experiment.ts'
import type { Outcome } from '../../domain/sample.ts'
import { ratio, seconds } from '../../domain/time.ts'
import { createWatch } from './guardrail.ts'
import { createGuardrails } from './guardrails.ts'

const guardrail = (keep: Guardrail['keep'], more: Partial<Guardrail> = {}): Guardrail => ({
  name: 'g',
  probe: 'p',
  keep,
  over: seconds(10),
  noData: seconds(3),
  ...more,
})

/** One sample every 100 ms from `from` on, each over 10 ms after it was due. */
function feed(watch: ReturnType<typeof createWatch>, from: number, length: number, outcome: Outcome, latency = 0.01): number {
  for (let i = 0; i < length * 10; i++) watch.sample(from + i / 10, from + i / 10 + latency, outcome)
  return from + length
}

test('the share of good samples over the window, and what slides out of it', () => {
  const watch = createWatch(guardrail({ good: { min: ratio(0.5) } }))
  watch.arm(0)
  let now = feed(watch, 0, 20, 'full')
  expect(watch.check(now)).toBeUndefined()
  now = feed(watch, now, 4.9, 'failed')
  expect(watch.check(now)).toBeUndefined()
  now = feed(watch, now, 0.5, 'wrong')
  const checked = watch.check(now)
  expect(checked).toMatchObject({ guardrail: 'g', why: 'breach' })
  expect(checked?.at.hi).toBe(now)
  expect(checked?.at.lo).toBeLessThan(now)
  expect(checked?.detail).toMatch(/^good of p is 4\d(\.\d+)?%, less than 50%, over 10s/)
  expect(watch.check(now + 0.01)).toBeUndefined()
})

test('bad samples that have slid out do not count any more', () => {
  const watch = createWatch(guardrail({ good: { min: ratio(0.5) } }))
  let now = feed(watch, 0, 10, 'failed')
  now = feed(watch, now, 10.5, 'full')
  watch.arm(now)
  expect(watch.check(now)).toBeUndefined()
})

test('an upper bound: the service is better than it may be', () => {
  const watch = createWatch(guardrail({ good: { max: ratio(0.9) } }))
  watch.arm(0)
  expect(watch.check(feed(watch, 0, 2, 'full'))?.detail).toContain('more than 90%')
})

test('what was not served is slower than any bound', () => {
  const rule = { latency: { quantile: ratio(0.9), max: seconds(0.3) } }
  const fast = createWatch(guardrail(rule))
  fast.arm(0)
  expect(fast.check(feed(fast, 0, 5, 'full', 0.29))).toBeUndefined()
  const slow = createWatch(guardrail(rule))
  slow.arm(0)
  expect(slow.check(feed(slow, 0, 5, 'full', 0.31))?.detail).toContain('within 300ms')
  const refused = createWatch(guardrail(rule))
  refused.arm(0)
  expect(refused.check(feed(refused, 0, 5, 'failed', 0.001))).toBeDefined()
})

test('missed slots are no data', () => {
  const watch = createWatch(guardrail({ good: { min: ratio(0.5) } }))
  const now = feed(watch, 0, 5, 'full')
  watch.arm(now)
  feed(watch, now, 5, 'missed')
  expect(watch.check(now + 2.9)).toBeUndefined()
  expect(watch.check(now + 3.2)).toMatchObject({ why: 'no-data' })
})

test('the observer’s own trouble takes back what it had counted since its control was last well', () => {
  const breaches: string[] = []
  const all = createGuardrails(
    [guardrail({ good: { min: ratio(0.9) } }, { over: seconds(2) })],
    [{ name: 'c', kind: 'http', spec: {}, expect: {}, every: seconds(0.1), timeout: seconds(0.1), role: 'control' }],
    (breach) => breaches.push(breach.why),
  )
  for (let i = 0; i < 40; i++) all.sample('p', i / 10, i / 10, i / 10 + 0.01, 'full')
  all.sample('c', 3.9, 3.9, 3.95, 'full')
  for (let i = 40; i < 45; i++) all.sample('p', i / 10, i / 10, i / 10 + 0.01, 'failed')
  all.sample('c', 4.4, 4.4, 4.45, 'failed')
  all.arm(4.5)
  all.check(4.5)
  expect(breaches).toEqual([])
  for (let i = 45; i < 50; i++) all.sample('p', i / 10, i / 10, i / 10 + 0.01, 'failed')
  all.check(5)
  expect(breaches).toEqual([])
  all.check(9)
  expect(breaches).toEqual(['no-data'])
})
