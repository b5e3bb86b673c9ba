import { afterEach, beforeEach, expect, test } from 'vitest'
import { rate, seconds } from '../domain/time.ts'
import { systemClock } from './clock.ts'
import { createSchedule, every, ramped, type Schedule } from './schedule.ts'

const clock = systemClock(process.hrtime.bigint())
let schedule: Schedule
beforeEach(() => {
  schedule = createSchedule(clock)
})
afterEach(() => {
  schedule.stop()
})

const block = (ms: number): void => {
  const until = performance.now() + ms
  while (performance.now() < until);
}

/** Runs a timetable for `length` seconds; the slots that fired and those that were missed. */
async function run(timetable: ReturnType<typeof every>, length: number, during?: () => void) {
  const fired: { readonly planned: number; readonly slip: number }[] = []
  const missed: number[] = []
  const remove = schedule.add({
    timetable,
    fire(planned) {
      fired.push({ planned, slip: clock.now() - planned })
      return true
    },
    missed: (planned) => missed.push(planned),
  })
  if (during) setTimeout(during, (length * 1000) / 2)
  await clock.sleep(seconds(length))
  remove()
  return { fired, missed }
}

test('slots fire on absolute times and never early', async () => {
  const start = clock.now() + 0.01
  const { fired, missed } = await run(every(seconds(0.02), start), 0.5)
  expect(fired.length + missed.length).toBeGreaterThanOrEqual(22)
  for (const [i, { planned, slip }] of fired.entries()) {
    if (missed.length === 0) expect(planned).toBeCloseTo(start + i * 0.02, 9)
    expect(slip).toBeGreaterThanOrEqual(0)
  }
})

test('no slot vanishes when the thread stands still: late ones start or are called missed', async () => {
  const start = clock.now() + 0.01
  const { fired, missed } = await run(every(seconds(0.01), start), 0.6, () => block(200))
  expect(missed.length).toBeGreaterThan(10)
  const all = [...fired.map((one) => one.planned), ...missed].toSorted((a, b) => a - b)
  for (const [i, planned] of all.entries()) expect(planned).toBeCloseTo(start + i * 0.01, 9)
})

test('a slot that has no room is missed', async () => {
  const missed: number[] = []
  schedule.add({ timetable: every(seconds(0.02), clock.now()), fire: () => false, missed: (planned) => missed.push(planned) })
  await clock.sleep(seconds(0.15))
  expect(missed.length).toBeGreaterThan(4)
})

test('a thousand slots a second all start', async () => {
  const { fired, missed } = await run(every(seconds(0.001), clock.now()), 0.5)
  expect(fired.length + missed.length).toBeGreaterThan(450)
})

test('a ramp reaches its rate at its end, with half of its slots behind it', () => {
  const timetable = ramped(rate(100), seconds(10), 5)
  const due = (slot: number) => timetable.due(slot)
  expect(due(0)).toBe(5)
  expect(due(500)).toBeCloseTo(15, 9)
  expect(due(501) - due(500)).toBeCloseTo(0.01, 6)
  expect(due(500) - due(499)).toBeCloseTo(0.01, 4)
  expect(ramped(rate(100), seconds(0), 5).due(10)).toBeCloseTo(5.1, 9)
})
