import { styleText } from 'node:util'

/** One line of what a bench prints. `held` is there where the number is a promise. */
export interface Row {
  readonly what: string
  readonly measured: string
  /** How it stands to what it is compared with. */
  readonly ratio?: string
  readonly limit?: string
  readonly held?: boolean
}

/** Prints the rows under each other; the process ends with 1 when a promise is not held. */
export function print(title: string, rows: readonly Row[]): void {
  const cells = [
    ['', 'measured', 'ratio', 'limit', ''],
    ...rows.map(({ what, measured, ratio = '', limit = '', held }) => [what, measured, ratio, limit, verdictOf(held)]),
  ]
  const widths = [0, 1, 2, 3].map((column) => Math.max(...cells.map((row) => (row[column] ?? '').length)))
  const lines = cells.map((row) =>
    row
      .map((cell, column) => (column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0)))
      .join('  ')
      .trimEnd(),
  )
  process.stdout.write(`${styleText('bold', title)}\n${lines.join('\n')}\n\n`)
  if (rows.some(({ held }) => held === false)) process.exitCode = 1
}

const verdictOf = (held: boolean | undefined): string => {
  if (held === undefined) return ''
  return held ? 'held' : 'MISSED'
}

export const inMs = (length: number, digits = 1): string => `${(length * 1000).toFixed(digits)} ms`
export const inS = (length: number): string => `${length.toFixed(2)} s`
export const inMb = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(0)} MB`
export const times = (ratio: number): string => `${ratio.toFixed(2)} ×`

/** The smallest value that at least `share` of all are not above. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN
}
