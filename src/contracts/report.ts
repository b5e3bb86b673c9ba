import type { JournalEntry } from '../domain/event.ts'
import type { DrillRecord } from '../domain/record.ts'

/** Good and bad over time, thinned to what a screen can show; every bad sample keeps its bucket. */
export interface Series {
  readonly probe: string
  /** Width of a bucket in seconds; null: one entry a sample. */
  readonly bucket: number | null
  /** Columns, seconds on the drill's clock: bucket start or scheduled time. */
  readonly at: readonly number[]
  /** Latency in seconds, from the scheduled start: the bucket's least, median and greatest; null where nothing was served. */
  readonly min: readonly (number | null)[]
  readonly mid: readonly (number | null)[]
  readonly max: readonly (number | null)[]
  readonly good: readonly number[]
  readonly bad: readonly number[]
  readonly unknown: readonly number[]
}

export interface ReportInput {
  readonly record: DrillRecord
  readonly journal: readonly JournalEntry[]
  readonly series: readonly Series[]
  /** The experiment's text as it was read, secrets never in it. */
  readonly experiment: string
}

/** One way to show a drill. Pure: no clock, no file system. */
export interface Report {
  readonly name: string
  readonly summary: string
  /** File name in the drill's folder. */
  readonly file: string
  render(input: ReportInput): string
}

export const defineReport = (report: Report): Report => report
