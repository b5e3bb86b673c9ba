import { expect, test } from 'vitest'
import { createStalls } from './stall.ts'

test('a standstill is known while it lasts and afterwards, for what was under way then and nothing else', () => {
  const stalls = createStalls(0.02)
  for (let at = 0; at <= 1; at += 0.02) stalls.turn(at)
  expect(stalls.during(0.2, 0.9)).toBe(false)
  expect(stalls.during(0.95, 1.2)).toBe(true)
  stalls.turn(1.2)
  expect(stalls.during(0.95, 1.21)).toBe(true)
  expect(stalls.during(1.1, 1.21)).toBe(true)
  for (let at = 1.22; at <= 2; at += 0.02) stalls.turn(at)
  expect(stalls.during(1.5, 1.9)).toBe(false)
  expect(stalls.during(1.1, 1.9)).toBe(true)
})
