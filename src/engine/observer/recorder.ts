import { createHistogram } from 'node:perf_hooks'
import { OUTCOMES, type Outcome, type SampleBlock } from '../../domain/sample.ts'
import { cleanCode, type SampleFile } from './sample-file.ts'

/** Collects the samples of one probe or of the load: to its file, and in batches to whoever listens. Memory stays flat. */
export interface Recorder {
  /** Seconds on the drill's clock. Kept as whole microseconds that still contain the request: start rounded down, end up. */
  record(planned: number, start: number, end: number, outcome: Outcome, code: string): void
  block(block: SampleBlock): void
  /** What came since the last call; null when nothing did. */
  take(): SampleBlock | null
  readonly file: SampleFile
  readonly counts: Readonly<Record<Outcome, number>>
  /** Start minus schedule, seconds. */
  slip(): { readonly p50: number; readonly p99: number }
}

interface Columns {
  readonly planned: number[]
  readonly start: number[]
  readonly end: number[]
  readonly outcome: number[]
  readonly code: string[]
}
const columns = (): Columns => ({ planned: [], start: [], end: [], outcome: [], code: [] })

export function createRecorder(file: SampleFile, keep: boolean): Recorder {
  const slips = createHistogram({ lowest: 1, highest: 3_600_000_000, figures: 3 })
  const counts: Record<Outcome, number> = { full: 0, degraded: 0, stale: 0, wrong: 0, failed: 0, missed: 0 }
  let batch = columns()

  const add = (planned: number, start: number, end: number, outcome: Outcome, code: string): void => {
    const index = OUTCOMES.indexOf(outcome)
    const clean = cleanCode(code)
    counts[outcome] += 1
    if (outcome !== 'missed') slips.record(Math.max(1, start - planned))
    file.add(planned, start, end, index, clean)
    if (!keep) return
    batch.planned.push(planned)
    batch.start.push(start)
    batch.end.push(end)
    batch.outcome.push(index)
    batch.code.push(clean)
  }

  return {
    file,
    counts,
    record: (planned, start, end, outcome, code) =>
      add(Math.round(planned * 1e6), Math.floor(start * 1e6), Math.ceil(end * 1e6), outcome, code),
    block(of) {
      for (let i = 0; i < of.length; i++) {
        add(of.planned[i] ?? 0, of.start[i] ?? 0, of.end[i] ?? 0, OUTCOMES[of.outcome[i] ?? 0] ?? 'missed', of.code[i] ?? '')
      }
    },
    take() {
      if (batch.code.length === 0) return null
      const { planned, start, end, outcome, code } = batch
      batch = columns()
      return {
        length: code.length,
        planned: Float64Array.from(planned),
        start: Float64Array.from(start),
        end: Float64Array.from(end),
        outcome: Uint8Array.from(outcome),
        code,
      }
    },
    slip: () => (slips.count === 0 ? { p50: 0, p99: 0 } : { p50: slips.percentile(50) / 1e6, p99: slips.percentile(99) / 1e6 }),
  }
}
