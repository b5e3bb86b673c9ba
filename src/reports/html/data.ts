import type { ReportInput, Series } from '../../contracts/report.ts'
import { sayEvents } from '../events.ts'

/** What the page's script draws. Columns, rounded to what a screen can show; short names because there are thousands of rows. */
export interface PageData {
  readonly from: number
  readonly to: number
  readonly phases: readonly { readonly name: string; readonly from: number; readonly to: number }[]
  /** `lo` to `hi`: the effect came in between. `end`: lifted, undone or expired; null: it happened once. */
  readonly faults: readonly {
    readonly name: string
    readonly call: number
    readonly lo: number | null
    readonly hi: number | null
    readonly end: number | null
  }[]
  readonly marks: readonly { readonly at: number; readonly short: string; readonly text: string }[]
  readonly outages: readonly {
    readonly probe: string
    readonly onset: readonly [number, number]
    readonly end: readonly [number, number] | null
  }[]
  readonly series: readonly PageSeries[]
}

interface PageSeries extends Omit<Series, 'bucket'> {
  /** Width of an entry, seconds. */
  readonly width: number
}

/** A row of all columns takes about this many characters. */
const ROW = 55
/** Characters for all series together, so that the page stays below a megabyte and a half. */
const BUDGET = 1_100_000

/** What the page's script draws, in seconds on the drill's clock; long series are thinned until the page keeps to its size. */
export function pageData({ record, journal, series }: ReportInput): PageData {
  const phases = record.phases.map(({ phase, from, to }) => ({ name: phase, from, to: to ?? journal.at(-1)?.at ?? from }))
  const ends = [...phases.map((phase) => phase.to), ...journal.map((entry) => entry.at), ...series.map((one) => one.at.at(-1) ?? 0)]
  const starts = [0, ...series.map((one) => one.at[0] ?? 0)]
  const room = Math.max(200, Math.floor(BUDGET / ROW / Math.max(1, series.length)))
  return {
    from: Math.min(...starts),
    to: Math.max(0.001, ...ends),
    phases,
    faults: record.faults.flatMap(({ name, kind, injected, effect, undo }) =>
      injected === null
        ? []
        : [{ name, call: injected.lo, lo: effect.at?.lo ?? null, hi: effect.at?.hi ?? null, end: kind === 'event' ? null : undo.at }],
    ),
    marks: sayEvents(journal)
      .filter((event) => event.weight === 'mark')
      .map(({ at, short, text }) => ({ at, short, text })),
    outages: record.measures.outages.map(({ probe, onset, end }) => ({
      probe,
      onset: [onset.lo, onset.hi],
      end: end === null ? null : [end.lo, end.hi],
    })),
    series: series.map((one) => pageSeries(one, room)),
  }
}

const round = (value: number, digits: number): number => Number(value.toFixed(digits))

function pageSeries(of: Series, room: number): PageSeries {
  const step = Math.ceil(of.at.length / room)
  const widest = of.bucket ?? spacing(of.at)
  const columns = { at: [] as number[], min: [] as (number | null)[], mid: [] as (number | null)[], max: [] as (number | null)[] }
  const counts = { good: [] as number[], bad: [] as number[], unknown: [] as number[] }
  for (let from = 0; from < of.at.length; from += step) {
    const to = Math.min(of.at.length, from + step)
    columns.at.push(round(of.at[from] ?? 0, 4))
    columns.min.push(extreme(of.min, from, to, Math.min))
    columns.mid.push(middle(of.mid, from, to))
    columns.max.push(extreme(of.max, from, to, Math.max))
    for (const name of ['good', 'bad', 'unknown'] as const) counts[name].push(sum(of[name], from, to))
  }
  return { probe: of.probe, width: round(widest * step, 6), ...columns, ...counts }
}

/** The usual distance between samples: the median, so that a gap does not widen every one of them. */
function spacing(at: readonly number[]): number {
  const gaps = at.slice(1).map((time, i) => time - (at[i] ?? time))
  return gaps.toSorted((a, b) => a - b)[gaps.length >> 1] ?? 0
}

const present = (of: readonly (number | null)[], from: number, to: number): number[] =>
  of.slice(from, to).filter((value): value is number => value !== null)

function extreme(of: readonly (number | null)[], from: number, to: number, pick: (...values: number[]) => number): number | null {
  const values = present(of, from, to)
  return values.length === 0 ? null : round(pick(...values), 6)
}

function middle(of: readonly (number | null)[], from: number, to: number): number | null {
  const values = present(of, from, to).toSorted((a, b) => a - b)
  const value = values[values.length >> 1]
  return value === undefined ? null : round(value, 6)
}

const sum = (of: readonly number[], from: number, to: number): number => of.slice(from, to).reduce((total, value) => total + value, 0)
