import type { Severity } from '../domain/event.ts'
import type { FaultResult, Finding, Measures } from '../domain/record.ts'
import { formatDuration, seconds } from '../domain/time.ts'
import type { Tally } from './budget/tally.ts'
import type { Evidence } from './evidence.ts'
import { isLeft } from './faults.ts'
import { splitBrainIn } from './ledger/data-loss.ts'
import { isMeasured, show } from './measured.ts'
import type { Rta } from './recovery/rta.ts'
import type { Edges } from './samples/outages.ts'
import { eventsOf, type Timeline } from './timeline.ts'

export interface Observed {
  readonly evidence: Evidence
  readonly timeline: Timeline
  readonly faults: readonly FaultResult[]
  readonly measures: Measures
  readonly rta: Rta
  readonly tallies: ReadonlyMap<string, Tally>
  readonly trouble: readonly Edges[]
}

/** Something to fix, or to know before the numbers are believed; the same id for the same thing in every drill. */
export const findingsOf = (observed: Observed): readonly Finding[] => [
  ...aboutFaults(observed),
  ...aboutRecovery(observed),
  ...aboutDetection(observed),
  ...aboutData(observed),
  ...aboutWatching(observed),
  ...aboutLeftovers(observed),
]

const finding = (id: string, severity: Severity, text: string): Finding => ({ id, severity, text })
const when = (holds: boolean, ...of: Finding[]): Finding[] => (holds ? of : [])
const times = (count: number): string => (count === 1 ? 'once' : `${count} times`)

function aboutFaults({ faults, timeline }: Observed): Finding[] {
  return faults.flatMap(({ name, effect, undo }) => [
    ...when(
      timeline.faults.some((fault) => fault.name === name) && !effect.proven,
      finding('no-effect', 'high', `Fault "${name}" was not shown to bite: ${effect.how}. Nothing that was measured counts.`),
    ),
    ...undo.perTarget.flatMap((of) => [
      ...when(
        isLeft(of),
        finding('undo-failed', 'high', `"${name}" is still in place on ${of.target}: ${of.detail}. To undo it: ${of.command}`),
      ),
      ...when(
        of.state === 'drifted' && of.verified,
        finding(
          'drifted',
          'medium',
          `${of.target} was changed by somebody else while "${name}" was in place and was left as it is: ${of.detail}`,
        ),
      ),
      ...when(
        of.state === 'not-needed',
        finding('ended-by-itself', 'medium', `"${name}" on ${of.target} ended before it was to be undone: ${of.detail}`),
      ),
      ...when(
        of.state === 'undone' && !of.verified,
        finding('undo-unverified', 'high', `"${name}" was undone on ${of.target}, but reading it back did not show that: ${of.detail}`),
      ),
    ]),
  ])
}

function aboutRecovery({ evidence, rta, measures }: Observed): Finding[] {
  const { rto } = evidence.plan.experiment.objectives
  const { incident, relapses } = measures.rta
  const least = isMeasured(incident) ? (incident.lo ?? 0) : 0
  const found: Finding[] = [
    ...when(
      rta.afterLift,
      finding(
        'recovered-after-fault-removed',
        'high',
        `The service recovered only after the fault was lifted: at least ${show(least)} s passed without a recovery that held. What came then was the lifting, not a failover.`,
      ),
    ),
    ...when(
      (relapses ?? 0) > 0,
      finding(
        'relapsed',
        'medium',
        `The service came back and fell again ${times(relapses ?? 0)} before it stayed; the time to recovery counts to the stable one.`,
      ),
    ),
    ...when(
      rta.fellAgain > 0,
      finding(
        'fell-again',
        'medium',
        `After it had recovered and held, the service fell again ${times(rta.fellAgain)} with the fault in place.`,
      ),
    ),
    ...when(
      measures.failback.metastable === 'broken',
      finding('metastable', 'high', 'Nothing of the fault is left and the service is still not well: it stays broken without it.'),
    ),
    ...when(
      rta.samples > 0 && rta.recovered === null && isMeasured(incident),
      finding(
        'zero-impact',
        'info',
        `No client was hurt as far as could be seen: less than ${show((isMeasured(incident) && incident.hi) || 0)} s, the resolution of the probe.`,
      ),
    ),
  ]
  const width =
    isMeasured(incident) && incident.lo !== null && incident.hi !== null && incident.censored === null ? incident.hi - incident.lo : null
  if (rto && width !== null && width > rto.within * 0.1)
    found.push(
      finding(
        'resolution-insufficient',
        'low',
        `The time to recovery is known to ${show(width)} s, more than a tenth of the promised ${show(rto.within)} s: probe more often.`,
      ),
    )
  return found
}

function aboutDetection({ evidence, measures, timeline }: Observed): Finding[] {
  return Object.values(evidence.plan.experiment.signals).flatMap(({ name }) => {
    const of = measures.detection[name]
    const seen = eventsOf(evidence.journal, 'signal').filter(({ signal }) => signal === name)
    const before = seen.findLast(({ at }) => at.hi < (timeline.called ?? 0))
    return [
      ...when(
        before?.state === 'firing' && timeline.called !== null,
        finding('already-firing', 'medium', `"${name}" was firing before the fault: it says nothing about it.`),
      ),
      ...when(
        of !== undefined && isMeasured(of) && of.censored === 'right',
        finding(
          'never-detected',
          'high',
          `"${name}" never fired: not within the ${show((of && isMeasured(of) && of.lo) || 0)} s that it was watched.`,
        ),
      ),
    ]
  })
}

function aboutData({ evidence, measures }: Observed): Finding[] {
  const reads = eventsOf(evidence.journal, 'ledger.read')
  const worst = [...new Set(measures.rpa.ledgers.map(({ ledger }) => ledger))].map((ledger) => {
    const results = measures.rpa.ledgers.filter((result) => result.ledger === ledger)
    const most = (of: (result: (typeof results)[number]) => number) => Math.max(...results.map(of))
    return {
      ledger,
      lost: most((r) => r.lost),
      duplicated: most((r) => r.duplicated),
      unexpected: most((r) => r.unexpected),
      refused: most((r) => r.refusedButPresent),
      acks: most((r) => r.splitBrainAcks),
      holes: most((r) => r.holes),
      of: most((r) => r.acknowledged),
    }
  })
  return worst.flatMap((of) => [
    ...when(
      of.lost > 0,
      finding(
        'data-lost',
        'high',
        `"${of.ledger}" lost ${of.lost} of ${of.of} acknowledged writes, in ${of.holes} holes with later ones surviving.`,
      ),
    ),
    ...when(of.duplicated > 0, finding('duplicates', 'medium', `"${of.ledger}" holds ${of.duplicated} records more than once.`)),
    ...when(
      of.unexpected > 0,
      finding('unexpected-records', 'high', `"${of.ledger}" holds ${of.unexpected} records that were never written.`),
    ),
    ...when(
      of.refused > 0,
      finding('refused-but-present', 'medium', `"${of.ledger}" holds ${of.refused} records whose write was refused for good.`),
    ),
    ...when(
      of.acks > 0 || splitBrainIn(reads.filter(({ ledger }) => ledger === of.ledger)),
      finding(
        'split-brain',
        'high',
        `More than one node of "${of.ledger}" took writes: ${of.acks} were acknowledged by a node after another had taken over.`,
      ),
    ),
  ])
}

/** To claim a share of good samples at 95 % without a single failure needs ln 0.05 / ln share of them. */
const samplesFor = (share: number): number => Math.ceil(Math.log(0.05) / Math.log(share) - 1e-9)

function aboutWatching({ evidence, tallies, trouble, timeline }: Observed): Finding[] {
  const { probes, objectives } = evidence.plan.experiment
  const found: Finding[] = [...tallies.values()].flatMap(({ probe }) =>
    when(
      probe.missed > 0,
      finding(
        'missed-slots',
        'low',
        `"${probe.name}" missed ${probe.missed} of ${probe.samples} slots; they count as bad where that is worse.`,
      ),
    ),
  )
  if (trouble.length > 0)
    found.push(
      finding(
        'observer-trouble',
        'medium',
        `The observer itself was in trouble ${times(trouble.length)}: samples from then are unknown, not bad.`,
      ),
    )
  if (timeline.stepped)
    found.push(finding('clock-stepped', 'medium', 'The clock stepped or the machine was suspended: times across it are unknown.'))
  const { rto } = objectives
  const every = rto ? probes[rto.to.probe]?.every : undefined
  if (rto && every !== undefined && rto.to.good < 1) {
    const needed = samplesFor(rto.to.good)
    const taken = Math.floor(rto.hold / every)
    if (taken < needed)
      found.push(
        finding(
          'too-few-samples-for-claim',
          'info',
          `${show(rto.to.good * 100)} % good over a hold of ${formatDuration(rto.hold)} rests on ${taken} samples; to claim it at 95 % needs ${needed}: hold for ${formatDuration(seconds(needed * every))} or probe every ${formatDuration(seconds(rto.hold / needed))}.`,
        ),
      )
  }
  return found
}

const aboutLeftovers = ({ evidence: { journal } }: Observed): Finding[] => [
  ...eventsOf(journal, 'left-behind').map(({ what, where }) =>
    finding('left-behind', 'medium', `To clean up after the drill (${where}): ${what}.`),
  ),
  ...eventsOf(journal, 'action.ended')
    .filter(({ ok }) => !ok)
    .map(({ action, detail }) => finding('action-failed', 'medium', `Action "${action}" failed: ${detail}`)),
  ...eventsOf(journal, 'finding').map(({ id, severity, text }) => finding(id, severity, text)),
]
