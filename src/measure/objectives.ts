import type { Objectives } from '../domain/experiment.ts'
import type { Measured, Measures, ObjectiveResult } from '../domain/record.ts'
import type { Tally } from './budget/tally.ts'
import type { DataLoss } from './ledger/data-loss.ts'
import { judge, measured, notMeasured } from './measured.ts'
import { MICRO } from './samples/micro.ts'

export interface Findings {
  readonly measures: Measures
  readonly losses: ReadonlyMap<string, DataLoss>
  readonly tallies: ReadonlyMap<string, Tally>
  /** Why nothing that was measured counts: a fault that did not bite. */
  readonly noEffect: string | null
}

/** Every objective that is present, judged by intervals. A drill whose fault did not bite proves nothing about any of them. */
export function judgeAll(objectives: Objectives, found: Findings): readonly ObjectiveResult[] {
  const results = [...timeObjectives(objectives, found), ...dataObjectives(objectives, found), ...shareObjectives(objectives, found)]
  const { noEffect } = found
  return noEffect === null ? results : results.map((result) => ({ ...result, verdict: 'unknown', reason: `no effect: ${noEffect}` }))
}

function objective(name: string, value: number, unit: string, of: Measured): ObjectiveResult {
  return { name, target: { op: '<=', value, unit }, measured: of, ...judge(of, value) }
}

function timeObjectives({ detection, rto, failback, redundancy }: Objectives, { measures }: Findings): ObjectiveResult[] {
  const results: ObjectiveResult[] = []
  if (detection) {
    const of = measures.detection[detection.signal] ?? notMeasured('s', `there is no signal "${detection.signal}"`)
    results.push(objective('detection', detection.within, 's', of))
  }
  if (rto) results.push(objective('rto', rto.within, 's', measures.rta.incident))
  if (failback) results.push(objective('failback', failback.within, 's', measures.failback.time))
  if (redundancy) results.push(objective('redundancy', redundancy.within, 's', measures.failback.redundancy))
  return results
}

function dataObjectives({ rpo }: Objectives, { losses }: Findings): ObjectiveResult[] {
  if (!rpo) return []
  const loss = losses.get(rpo.ledger)
  const reason = `there is no ledger "${rpo.ledger}"`
  const results: ObjectiveResult[] = []
  if (rpo.lost !== undefined) results.push(objective('rpo', rpo.lost, 'writes', loss?.lost ?? notMeasured('writes', reason)))
  if (rpo.span !== undefined)
    results.push(objective(rpo.lost === undefined ? 'rpo' : 'rpo-span', rpo.span, 's', loss?.span ?? notMeasured('s', reason)))
  return results
}

function shareObjectives({ budget, latency, wrong }: Objectives, { measures, tallies }: Findings): ObjectiveResult[] {
  const results: ObjectiveResult[] = []
  if (budget)
    results.push(objective('budget', budget.spend, 'share', measures.budget?.spend ?? notMeasured('share', 'no budget was measured')))
  if (latency) results.push(objective('latency', latency.max, 's', quantileOf(latency, tallies.get(latency.probe))))
  if (wrong) results.push(objective('wrong', wrong.max, 'answers', wrongOf(wrong.probe, tallies.get(wrong.probe))))
  return results
}

/** Of the answers; what nobody knows counts as no time at all in `lo` and as endless in `hi`. */
function quantileOf({ probe, quantile, during }: NonNullable<Objectives['latency']>, tally: Tally | undefined): Measured {
  const answers = tally?.answers(during)
  if (!answers || answers.latency.count === 0) return notMeasured('s', `"${probe}" got no answer in that time`)
  const { latency, unknown } = answers
  const rank = Math.max(1, Math.ceil(quantile * (latency.count + unknown) - 1e-9))
  const lo = rank <= unknown ? 0 : (latency.quantile((rank - unknown) / latency.count)?.lo ?? 0)
  const hi = rank > latency.count ? null : (latency.quantile(rank / latency.count)?.hi ?? null)
  return measured(lo / MICRO, hi === null ? null : hi / MICRO, {
    unit: 's',
    method: `${Number((quantile * 100).toPrecision(5))}th percentile of the latency of answers from the time they were due`,
    samples: latency.count,
    missed: unknown,
  })
}

function wrongOf(probe: string, tally: Tally | undefined): Measured {
  if (!tally || tally.judged === 0) return notMeasured('answers', `"${probe}" has no sample that says anything`)
  const bound = tally.wrong === 0 ? `: at most ${Number((300 / tally.judged).toPrecision(2))} % at 95 %` : ''
  return measured(tally.wrong, tally.wrong, {
    unit: 'answers',
    method: `answers of "${probe}" that came in time and were not right${bound}`,
    samples: tally.judged,
  })
}
