declare const unit: unique symbol

/** A length of time in seconds. The one unit of the program: `300ms` is 0.3. */
export type Seconds = number & { readonly [unit]: 's' }
/** A point in seconds on the drill's monotonic clock; 0 is the opening of the drill's journal. May be negative before it. */
export type Instant = number & { readonly [unit]: 'instant' }
/** Events per second. */
export type Rate = number & { readonly [unit]: '1/s' }
/** A share between 0 and 1. `99%` is 0.99. */
export type Ratio = number & { readonly [unit]: 'ratio' }

export const seconds = (value: number): Seconds => value as Seconds
export const instant = (value: number): Instant => value as Instant
export const rate = (value: number): Rate => value as Rate
export const ratio = (value: number): Ratio => value as Ratio

const UNITS: readonly (readonly [string, number])[] = [
  ['d', 86_400],
  ['h', 3_600],
  ['m', 60],
  ['s', 1],
  ['ms', 0.001],
]

/** `1.5m` → 90, `1m30s` → 90, `300ms` → 0.3. A bare number, a sign, blanks or an unknown unit → undefined. */
export function parseDuration(text: string): Seconds | undefined {
  if (!/^(?:\d+(?:\.\d+)?(?:ms|[dhms]))+$/.test(text)) return undefined
  let total = 0
  for (const [, amount, name] of text.matchAll(/(\d+(?:\.\d+)?)(ms|[dhms])/g)) {
    const factor = UNITS.find(([label]) => label === name)?.[1]
    if (factor === undefined) return undefined
    total += Number(amount) * factor
  }
  return seconds(Number(total.toFixed(9)))
}

/** The shortest text that `parseDuration` reads back: 90 → `1m30s`, 0.3 → `300ms`, 0 → `0s`. */
export function formatDuration(value: Seconds): string {
  if (value < 1) return value === 0 ? '0s' : `${Number((value * 1000).toFixed(3))}ms`
  let rest: number = value
  let text = ''
  for (const [name, factor] of UNITS.slice(0, 3)) {
    const whole = Math.floor(rest / factor + 1e-9)
    if (whole > 0) text += `${whole}${name}`
    rest = Math.max(0, rest - whole * factor)
  }
  const tail = Number(rest.toFixed(3))
  return tail > 0 || text === '' ? `${text}${tail}s` : text
}

/** `50/s` → 50, `300/m` → 5, `7200/h` → 2. */
export function parseRate(text: string): Rate | undefined {
  const match = /^(\d+(?:\.\d+)?)\/([smh])$/.exec(text)
  if (!match) return undefined
  const per = { s: 1, m: 60, h: 3_600 }[match[2] as 's' | 'm' | 'h']
  return rate(Number(match[1]) / per)
}

/** `99.9%` → 0.999. Only 0 to 100; a bare number → undefined. */
export function parsePercent(text: string): Ratio | undefined {
  const match = /^(\d+(?:\.\d+)?)%$/.exec(text)
  if (!match) return undefined
  const value = Number(match[1])
  return value <= 100 ? ratio(Number((value / 100).toFixed(12))) : undefined
}

/** `64KB` → 65,536, `1MB` → 1,048,576, `512B` → 512: bytes, in powers of 1,024. */
export function parseSize(text: string): number | undefined {
  const match = /^(\d+(?:\.\d+)?)(B|KB|MB|GB)$/.exec(text)
  if (!match) return undefined
  const power = { B: 0, KB: 1, MB: 2, GB: 3 }[match[2] as 'B' | 'KB' | 'MB' | 'GB']
  return Math.round(Number(match[1]) * 1024 ** power)
}
