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

export const plural = (value: number, one: string, many = `${one}s`): string => `${count(value)} ${value === 1 ? one : many}`
