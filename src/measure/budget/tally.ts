import type { ProbeDecl } from '../../domain/experiment.ts'
import type { DegradedRow, DrillRecord, LatencyRow } from '../../domain/record.ts'
import { OUTCOMES } from '../../domain/sample.ts'
import type { Evidence } from '../evidence.ts'
import { rounded } from '../measured.ts'
import { scan } from '../recovery/scan.ts'
import { createHistogram, type Histogram } from '../samples/histogram.ts'
import { MICRO } from '../samples/micro.ts'
import { BAD, GOOD, type Trouble, UNKNOWN } from '../samples/reading.ts'
import { type Burn, createBurn } from './burn.ts'
import type { PhaseName, Span, Windows } from './windows.ts'

/** Everything that is counted of one probe in one pass. */
export interface Tally {
  readonly probe: DrillRecord['probes'][number]
  readonly latency: readonly LatencyRow[]
  readonly degraded: readonly DegradedRow[]
  /** Latency of the answers of a phase and what nobody knows beside it, microseconds. */
  readonly answers: (phase: PhaseName | 'all') => { readonly latency: Histogram; readonly unknown: number }
  /** Answers that came in time and were not right, over the whole drill. */
  readonly wrong: number
  readonly judged: number
  readonly burn: { readonly before: Burn | null; readonly during: Burn | null; readonly after: Burn | null; readonly failback: Burn | null }
}

export interface BurnSpans {
  readonly before: Span | null
  readonly during: Span | null
  readonly after: Span | null
  readonly failback: Span | null
}

const FAILED = OUTCOMES.indexOf('failed')
const WRONG = OUTCOMES.indexOf('wrong')
const MISSED = OUTCOMES.indexOf('missed')

/** Latency counts from the time at which the request was due, so that waiting counts. */
export function tallyOf(evidence: Evidence, probe: ProbeDecl, trouble: Trouble, windows: Windows, spans: BurnSpans): Tally {
  const phases = (['baseline', 'fault', 'recovered', 'after'] as const).map((phase) => createPhase(phase, windows[phase]))
  const all = createPhase('after', { from: Number.NEGATIVE_INFINITY, to: Number.POSITIVE_INFINITY })
  const burns = [spans.before, spans.during, spans.after, spans.failback].map((over) =>
    over === null ? null : createBurn(over, probe.every),
  )
  const slip = createHistogram()
  scan(evidence, probe, trouble, (reading, planned, start, end, outcome) => {
    const known = reading !== UNKNOWN
    if (outcome !== MISSED) slip.record(start - planned)
    all.add(known, outcome, end - planned)
    for (const phase of phases) if (planned >= phase.from && planned < phase.to) phase.add(known, outcome, end - planned)
    for (const burn of burns) burn?.add(planned, reading === GOOD ? 'good' : reading === BAD ? 'bad' : 'unknown', end - start)
  })
  const [before = null, during = null, after = null, failback = null] = burns.map((burn) => burn?.total() ?? null)
  const micros = (share: number): number => rounded((slip.quantile(share)?.hi ?? 0) / MICRO)
  return {
    probe: {
      name: probe.name,
      kind: probe.kind,
      every: probe.every,
      samples: all.total(),
      missed: all.counts[MISSED] ?? 0,
      unknown: all.unknown(),
      slip: slip.count === 0 ? null : { p50: micros(0.5), p99: micros(0.99) },
    },
    latency: phases.flatMap((phase) => phase.latencyRow(probe.name)),
    degraded: phases.flatMap((phase) => phase.degradedRow(probe.name)),
    answers: (name) => (phases.find(({ phase }) => phase === name) ?? all).answers(),
    wrong: all.counts[WRONG] ?? 0,
    judged: all.judged(),
    burn: { before, during, after, failback },
  }
}

function createPhase(phase: PhaseName, over: Span | null) {
  const latency = createHistogram()
  const counts = new Float64Array(OUTCOMES.length)
  let unknown = 0
  const judged = () => counts.subarray(0, MISSED).reduce((sum, count) => sum + count, 0)
  const at = (share: number): number => rounded((latency.quantile(share)?.hi ?? 0) / MICRO)
  return {
    phase,
    from: (over?.from ?? Number.POSITIVE_INFINITY) * MICRO,
    to: (over?.to ?? Number.NEGATIVE_INFINITY) * MICRO,
    counts,
    judged,
    unknown: () => unknown,
    total: () => judged() + unknown + (counts[MISSED] ?? 0),
    add(known: boolean, outcome: number, took: number) {
      if (!known && outcome !== MISSED) {
        unknown++
        return
      }
      counts[outcome] = (counts[outcome] ?? 0) + 1
      if (outcome < FAILED) latency.record(took)
    },
    answers: () => ({ latency, unknown: unknown + (counts[MISSED] ?? 0) }),
    latencyRow(probe: string): LatencyRow[] {
      if (latency.count === 0) return []
      return [{ probe, phase, count: latency.count, p50: at(0.5), p90: at(0.9), p99: at(0.99), max: rounded(latency.max / MICRO) }]
    },
    degradedRow(probe: string): DegradedRow[] {
      const count = judged()
      const missed = counts[MISSED] ?? 0
      if (count + missed + unknown === 0) return []
      const share = (outcome: (typeof OUTCOMES)[number]) => (count === 0 ? 0 : (counts[OUTCOMES.indexOf(outcome)] ?? 0) / count)
      const shares = {
        full: share('full'),
        degraded: share('degraded'),
        stale: share('stale'),
        wrong: share('wrong'),
        failed: share('failed'),
      }
      return [{ probe, phase, count, ...shares, missed, unknown }]
    },
  }
}
