import type { ProbeDecl } from '../domain/experiment.ts'
import type { DrillRecord, Measures, Outage } from '../domain/record.ts'
import { EXIT } from '../domain/verdict.ts'
import { budgetOf } from './budget/budget.ts'
import { type BurnSpans, type Tally, tallyOf } from './budget/tally.ts'
import { type Windows, windowsOf } from './budget/windows.ts'
import { detectionOf } from './detection.ts'
import type { Evidence } from './evidence.ts'
import { failbackOf, type HomeWatch, watchHome } from './failback.ts'
import { faultResults } from './faults.ts'
import { findingsOf } from './findings.ts'
import { identityOf } from './identity.ts'
import { type DataLoss, dataLossOf } from './ledger/data-loss.ts'
import { notMeasured, rounded } from './measured.ts'
import { judgeAll } from './objectives.ts'
import { type Rta, type RtaWatch, rtaOf, unmeasuredRta, watchRta } from './recovery/rta.ts'
import { outagesOf, troubleOf } from './recovery/scan.ts'
import { MICRO } from './samples/micro.ts'
import type { Edges } from './samples/outages.ts'
import type { Trouble } from './samples/reading.ts'
import { type Timeline, timelineOf } from './timeline.ts'
import { verdictOf } from './verdict.ts'

/**
 * Everything that a drill's record says, from its evidence alone: the same folder gives the same record, however often and wherever it is measured.
 * Pure; streams over the samples, so that memory does not grow with their number.
 */
export function measure(evidence: Evidence): DrillRecord {
  const { plan, journal } = evidence
  const timeline = timelineOf(journal)
  const { trouble, spans } = troubleOf(evidence)
  const asked = askRta(evidence, timeline)
  const home = watchHome(evidence, timeline)
  const outages = firstPass(evidence, trouble, asked, home)
  const rta = 'inPlace' in asked ? rtaOf(asked, outages.get(asked.probe.name) ?? []) : asked
  const tallies = talliesOf(evidence, timeline, trouble, windowsOf(timeline, rta))
  const losses = new Map(Object.values(plan.experiment.ledgers).map((ledger) => [ledger.name, dataLossOf(evidence, timeline, ledger)]))
  const measures = measuresOf(evidence, timeline, { home, outages, rta, tallies, losses })
  const faults = faultResults(evidence, timeline)
  const noEffect = withoutEffect(evidence, timeline)
  const objectives = judgeAll(plan.experiment.objectives, { measures, losses, tallies, noEffect })
  const { verdict, reason } = verdictOf(journal, timeline, faults, objectives, noEffect)
  return {
    firedrill: 1,
    ...identityOf(evidence, timeline),
    verdict,
    exit: EXIT[verdict],
    reason,
    faults,
    objectives,
    measures,
    findings: findingsOf({ evidence, timeline, faults, measures, rta, tallies, trouble: spans }),
    probes: [...tallies.values()].map(({ probe }) => probe),
  }
}

/** Which fault did not bite, and why. One that an abort came before is no such fault. */
function withoutEffect({ plan }: Evidence, timeline: Timeline): string | null {
  if (timeline.called === null) return null
  for (const { name } of plan.faults) {
    const times = timeline.faults.find((fault) => fault.name === name)
    if (times?.unproven) return `fault "${name}": ${times.unproven}`
    if (!times && !timeline.aborted) return `fault "${name}" was never injected`
  }
  return null
}

const allProbes = ({ plan }: Evidence): readonly ProbeDecl[] => Object.values(plan.experiment.probes)

/** A control probe is judged by itself: its trouble is not unknown to it. */
const troubleFor = ({ role }: ProbeDecl, trouble: Trouble): Trouble => (role === 'control' ? () => false : trouble)

/** Edges, recovery and the way home are read in one pass over the samples; what is counted by phase needs their answers and a second one. */
const firstPass = (
  evidence: Evidence,
  trouble: Trouble,
  asked: RtaWatch | Rta,
  home: readonly HomeWatch[],
): ReadonlyMap<string, readonly Edges[]> =>
  new Map(
    allProbes(evidence).map((probe) => {
      const folds = home.filter((watch) => watch.probe === probe.name).map(({ fold }) => fold)
      if ('inPlace' in asked && asked.probe.name === probe.name) folds.push(asked.inPlace, asked.whole)
      return [probe.name, outagesOf(evidence, probe, troubleFor(probe, trouble), folds)]
    }),
  )

/** The promise says what recovery means; where there is none, the steady state does. */
function askRta(evidence: Evidence, timeline: Timeline): RtaWatch | Rta {
  const { objectives, steadyState } = evidence.plan.experiment
  const [first] = steadyState.probes
  const { rto } = objectives
  const probe = rto?.to.probe ?? first
  if (probe === undefined) return unmeasuredRta('no probe watches the service', null)
  const question = { probe, good: rto?.to.good ?? steadyState.good, hold: rto?.hold ?? steadyState.hold, from: rto?.from }
  return watchRta(evidence, timeline, question)
}

function talliesOf(evidence: Evidence, timeline: Timeline, trouble: Trouble, windows: Windows): ReadonlyMap<string, Tally> {
  const spans = burnSpans(timeline, windows)
  return new Map(allProbes(evidence).map((probe) => [probe.name, tallyOf(evidence, probe, troubleFor(probe, trouble), windows, spans)]))
}

function burnSpans({ called, undone, watched, end, phases }: Timeline, { baseline }: Windows): BurnSpans {
  const over = phases.find(({ phase }) => phase === 'seal')?.from ?? end
  const home = phases.find(({ phase }) => phase === 'failback')
  const lifted = Math.max(undone ?? watched, watched)
  return {
    before: baseline,
    during: called === null ? null : { from: called, to: lifted },
    after: called === null || over <= lifted ? null : { from: lifted, to: over },
    failback: home ? { from: home.from, to: home.to ?? over } : null,
  }
}

interface Parts {
  readonly home: readonly HomeWatch[]
  readonly outages: ReadonlyMap<string, readonly Edges[]>
  readonly rta: Rta
  readonly tallies: ReadonlyMap<string, Tally>
  readonly losses: ReadonlyMap<string, DataLoss>
}

function measuresOf(evidence: Evidence, timeline: Timeline, { home, outages, rta, tallies, losses }: Parts): Measures {
  const { signals, objectives } = evidence.plan.experiment
  const from = objectives.detection?.from
  const fault = from === undefined ? timeline.faults[0] : timeline.faults.find(({ name }) => name === from)
  const tally = [...tallies.values()]
  return {
    detection: Object.fromEntries(
      Object.values(signals).map((signal) => [signal.name, detectionOf(evidence.journal, timeline, signal, fault)]),
    ),
    rta: rta.rta,
    rpa: rpaOf(losses, objectives.rpo?.ledger),
    failback: failbackOf(evidence, timeline, home, tallies),
    degraded: tally.flatMap(({ degraded }) => degraded),
    latency: tally.flatMap(({ latency }) => latency),
    outages: [...outages].flatMap(([probe, seen]) => seen.map((edges) => outageOf(probe, edges))),
    budget: budgetOf(objectives.budget, tallies.get(objectives.budget?.probe ?? ''), timeline.stepped),
  }
}

/** The ledger of the promise, else the first one: what all of them lost stands beside it. */
function rpaOf(losses: ReadonlyMap<string, DataLoss>, promised: string | undefined): Measures['rpa'] {
  const loss = promised === undefined ? [...losses.values()][0] : losses.get(promised)
  const ledgers = [...losses.values()].flatMap(({ results }) => results)
  const reason = 'no ledger was kept'
  return {
    lost: loss?.lost ?? notMeasured('writes', reason),
    span: loss?.span ?? notMeasured('s', reason),
    lossBound: loss?.lossBound ?? null,
    ledgers,
  }
}

const outageOf = (probe: string, { onset, end }: Edges): Outage => ({
  probe,
  onset: { lo: rounded(onset.lo / MICRO), hi: rounded(onset.hi / MICRO) },
  end: end === null ? null : { lo: rounded(end.lo / MICRO), hi: rounded(end.hi / MICRO) },
})
