import { expect, test } from 'vitest'
import { createStalls } from './stall.ts'

test('a standstill is known while it lasts and afterwards, as far as what was under way met it', () => {
  const stalls = createStalls(0.02)
  for (let i = 0; i <= 50; i++) stalls.turn(i / 50)
  expect(stalls.during(0.2, 0.9)).toBe(0)
  expect(stalls.during(0.95, 1.2)).toBeCloseTo(0.2, 9)
  stalls.turn(1.2)
  expect(stalls.during(0.95, 1.21)).toBeCloseTo(0.2, 9)
  expect(stalls.during(1.1, 1.21)).toBeCloseTo(0.1, 9)
  for (let i = 61; i <= 100; i++) stalls.turn(i / 50)
  expect(stalls.during(1.5, 1.9)).toBe(0)
  expect(stalls.during(1.1, 1.9)).toBeCloseTo(0.1, 9)
  stalls.turn(2.1)
  expect(stalls.during(0.5, 2.1)).toBeCloseTo(0.3, 9)
})
