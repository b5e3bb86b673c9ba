import { describe, expect, test } from 'vitest'
import type { Window } from '../../domain/experiment.ts'
import { insideWindows } from './window.ts'

const at = (iso: string): number => Date.parse(iso) / 1000
const office: Window = { days: [1, 2, 3, 4, 5], from: 9 * 60, to: 16 * 60, zone: 'Europe/Berlin' }
const night: Window = { days: [5], from: 22 * 60, to: 4 * 60, zone: 'UTC' }

describe('insideWindows', () => {
  test.each([
    ['a Monday morning in the window’s own zone', office, '2026-11-23T08:30:00Z', 600, true],
    ['before it opens there, though 09:00 here', office, '2026-11-23T07:59:00Z', 60, false],
    ['begins inside, would end outside: undo must fit too', office, '2026-11-23T14:50:00Z', 900, false],
    ['a Sunday', office, '2026-11-22T10:00:00Z', 60, false],
    ['over midnight: Friday 23:30 to Saturday 00:30', night, '2026-11-27T23:30:00Z', 3_600, true],
    ['over midnight: Saturday 02:00 belongs to Friday’s window', night, '2026-11-28T02:00:00Z', 3_600, true],
    ['over midnight: Friday 02:00 belongs to Thursday’s', night, '2026-11-27T02:00:00Z', 60, false],
    ['over midnight: ends after it closes', night, '2026-11-28T03:30:00Z', 3_600, false],
  ])('%s', (_, window, start, length, expected) => {
    expect(insideWindows([window], at(start), length)).toBe(expected)
  })

  test('without windows every time is right', () => expect(insideWindows([], 0, 1e9)).toBe(true))
  test('one of several is enough', () => expect(insideWindows([office, night], at('2026-11-27T23:00:00Z'), 60)).toBe(true))
})
