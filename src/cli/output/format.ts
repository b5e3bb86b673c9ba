import type { Interval } from '../../domain/interval.ts'
import type { Measured } from '../../domain/record.ts'

/** Digits that a length of time deserves: three below ten seconds, one above. */
const digits = (value: number): string => (Math.abs(value) < 10 ? value.toFixed(3) : value.toFixed(1))

/** `1234567` → `1,234,567`. Without the collator and formatter of the language, which take 15 ms to load. */
export const count = (value: number): string => String(value).replace(/\B(?=(?:\d{3})+$)/g, ',')

/** Seconds for a person: `0.004 s`, `12.3 s`, `4 m 05 s`. */
export function span(value: number): string {
  if (!Number.isFinite(value)) return '—'
  if (Math.abs(value) < 120) return `${digits(value)} s`
  const whole = Math.round(Math.abs(value))
  const sign = value < 0 ? '−' : ''
  const rest = `${String(whole % 60).padStart(2, '0')} s`
  return whole < 3600
    ? `${sign}${Math.floor(whole / 60)} m ${rest}`
    : `${sign}${Math.floor(whole / 3600)} h ${String(Math.floor((whole % 3600) / 60)).padStart(2, '0')} m`
}

/** A reading of the drill's clock: `+12.034 s`. */
export const clockText = (at: number): string => `${at < 0 ? '−' : '+'}${Math.abs(at).toFixed(3)} s`

export const spanInterval = (of: Interval): string => (of.hi - of.lo < 0.0005 ? span(of.lo) : `${digits(of.lo)} – ${span(of.hi)}`)

const PLAIN_DIGITS = 4

function amount(value: number, unit: string): string {
  if (unit === 's') return span(value)
  if (unit === 'ratio' || unit === '%') return `${Number((unit === '%' ? value : value * 100).toPrecision(PLAIN_DIGITS))} %`
  return `${Number.isInteger(value) ? count(value) : Number(value.toPrecision(PLAIN_DIGITS))}${unit === '' || unit === 'count' ? '' : ` ${unit}`}`
}

/** A target or a bound with its unit. */
export const quantity = amount

/** A measured interval for a person; what was not measured says why, and is never a number. */
export function measuredText(of: Measured): string {
  if ('reason' in of) return `not measured: ${of.reason}`
  const { lo, hi, unit } = of
  if (lo === null && hi === null) return 'unknown'
  if (hi === null) return `> ${amount(lo ?? 0, unit)}`
  if (lo === null) return `< ${amount(hi, unit)}`
  const [from, to] = [amount(lo, unit), amount(hi, unit)]
  if (from === to) return to
  const suffix = to.slice(to.lastIndexOf(' '))
  return from.endsWith(suffix) ? `${from.slice(0, -suffix.length)} – ${to}` : `${from} – ${to}`
}

export const plural = (value: number, one: string, many = `${one}s`): string => `${count(value)} ${value === 1 ? one : many}`
