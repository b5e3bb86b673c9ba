import { expect, test } from 'vitest'
import { createServerClock } from './server-clock.ts'

/** As a server writes it: cut to whole seconds. */
const header = (at: number): string => new Date(Math.floor(at) * 1000).toUTCString()
const HERE = 1_790_000_000

test('nothing is known before the first answer, nor from one without a date', () => {
  const clock = createServerClock()
  expect(clock.offset()).toBeUndefined()
  clock.heard(undefined, HERE, HERE + 0.01)
  clock.heard('yesterday', HERE, HERE + 0.01)
  expect(clock.offset()).toBeUndefined()
})

test.each([0, 0.4, -0.7, 3600.3, -3600.9])('the true offset of %f s lies inside, and the interval narrows with every answer', (offset) => {
  const clock = createServerClock()
  let width = Number.POSITIVE_INFINITY
  for (let i = 0; i < 50; i++) {
    const sent = HERE + i * 0.37
    const received = sent + 0.02
    clock.heard(header(sent + 0.011 + offset), sent, received)
    const { lo, hi } = clock.offset() ?? { lo: Number.NaN, hi: Number.NaN }
    expect(lo).toBeLessThanOrEqual(offset + 0.011)
    expect(hi).toBeGreaterThanOrEqual(offset)
    expect(hi - lo).toBeLessThanOrEqual(width)
    width = hi - lo
  }
  expect(width).toBeLessThan(0.1)
})

test('a clock that is set is believed from then on', () => {
  const clock = createServerClock()
  clock.heard(header(HERE), HERE, HERE + 0.01)
  clock.heard(header(HERE + 1 + 600), HERE + 1, HERE + 1.01)
  const { lo, hi } = clock.offset() ?? { lo: 0, hi: 0 }
  expect(lo).toBeGreaterThan(598)
  expect(hi).toBeLessThan(602)
})
