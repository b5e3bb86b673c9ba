import type { Window } from '../../domain/experiment.ts'

const DAYS: readonly string[] = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat']
const DAY_MINUTES = 1_440

/**
 * Whether the whole stretch of `length` seconds from `wall` (seconds since the Unix epoch) lies inside one window. No windows: always.
 * A window whose end is before its start runs over midnight and belongs to the day on which it starts.
 */
export function insideWindows(windows: readonly Window[], wall: number, length: number): boolean {
  return windows.length === 0 || windows.some((window) => insideWindow(window, wall, length))
}

function insideWindow(window: Window, wall: number, length: number): boolean {
  const { day, minute } = localTime(wall, window.zone)
  const open = (window.to - window.from + DAY_MINUTES) % DAY_MINUTES || DAY_MINUTES
  const since = (minute - window.from + DAY_MINUTES) % DAY_MINUTES
  const startDay = minute >= window.from ? day : (day + 6) % 7
  return window.days.includes(startDay === 0 ? 7 : startDay) && since + length / 60 <= open
}

/** 0 Sunday … 6 Saturday, and minutes since midnight, where the clock on the wall shows `zone`. */
function localTime(wall: number, zone: string): { readonly day: number; readonly minute: number } {
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone: zone,
    weekday: 'short',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    hourCycle: 'h23',
  })
  const parts = new Map(format.formatToParts(new Date(wall * 1000)).map(({ type, value }) => [type, value]))
  const minute = Number(parts.get('hour')) * 60 + Number(parts.get('minute')) + Number(parts.get('second')) / 60
  return { day: DAYS.indexOf(parts.get('weekday') ?? ''), minute }
}
