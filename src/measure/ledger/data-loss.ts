import type { ReadWhen } from '../../domain/event.ts'
import type { LedgerDecl } from '../../domain/experiment.ts'
import type { LedgerResult, Measured } from '../../domain/record.ts'
import type { Verdict } from '../../domain/verdict.ts'
import type { Evidence } from '../evidence.ts'
import { measured, notMeasured } from '../measured.ts'
import { MICRO } from '../samples/micro.ts'
import { eventsOf, type Found, type Timeline } from '../timeline.ts'
import { classify, each, type Held, heldBy, type SetCounts } from './set.ts'

export interface DataLoss {
  readonly ledger: string
  readonly results: readonly LedgerResult[]
  readonly lost: Measured
  readonly span: Measured
  /** With nothing lost among N acknowledged writes, the share that could be lost all the same, at 95 %: 3 / N. */
  readonly lossBound: number | null
}

type Read = Found<'ledger.read'>

interface Judged {
  readonly when: ReadWhen
  readonly read: Read
  readonly counts: SetCounts
  readonly result: LedgerResult
}

/**
 * What one ledger lost: with the fault still in place, read twice from the node that `write` reaches, and again after the return.
 * Without a read that two agree on the loss is unknown, whatever was acknowledged.
 */
export function dataLossOf(evidence: Evidence, timeline: Timeline, ledger: LedgerDecl): DataLoss {
  const reads = eventsOf(evidence.journal, 'ledger.read').filter((event) => event.ledger === ledger.name)
  const splitBrainAcks = countSplitBrainAcks(evidence, ledger.name)
  const trouble = disagreement(evidence, reads)
  const judged = (['during', 'after'] as const).flatMap((when) =>
    judgedRead(evidence, ledger, when, reads, splitBrainAcks, when === 'during' ? trouble : null),
  )
  const results = judged.map(({ result }) => result)
  if (judged.length === 0) return { ledger: ledger.name, results, lossBound: null, ...bothUnknown(noRead(reads)) }
  if (trouble !== null) return { ledger: ledger.name, results, lossBound: null, ...bothUnknown(trouble) }
  const worst = judged.reduce((a, b) => (b.counts.lost > a.counts.lost ? b : a))
  const during = judged.some(({ when }) => when === 'during')
  const { lost, acknowledged } = worst.counts
  if (acknowledged === 0)
    return { ledger: ledger.name, results, lossBound: null, ...bothUnknown(`"${ledger.name}" acknowledged no write before it was read`) }
  const method = `acknowledged writes that ${worst.read.node} does not hold, read ${worst.when} the fault`
  const how = { unit: 'writes', method, samples: acknowledged }
  return {
    ledger: ledger.name,
    results,
    lost: during || lost > 0 ? measured(lost, during ? lost : null, how) : notMeasured('writes', 'it was not read with the fault in place'),
    span: spanOf(worst.counts, timeline, ledger),
    lossBound: lost === 0 ? 3 / acknowledged : null,
  }
}

const bothUnknown = (reason: string) => ({ lost: notMeasured('writes', reason), span: notMeasured('s', reason) })

const noRead = (reads: readonly Read[]): string =>
  reads.length === 0
    ? 'no node was read'
    : `no node was both read and known to take the writes: ${reads.map(({ node, detail }) => `${node} (${detail})`).join(', ')}`

const takesWrites = (reads: readonly Read[], when: ReadWhen): ReadonlySet<string> =>
  new Set(reads.filter((read) => read.when === when && read.authority).map(({ node }) => node))

const OTHER: Readonly<Record<ReadWhen, ReadWhen>> = { during: 'during-again', 'during-again': 'during', after: 'after' }

/** What the nodes that take the writes held. A node that could not yet, or no longer, be told to be one at a reading of the pair is known by the other. */
function authoritiesOf(reads: readonly Read[], when: ReadWhen): readonly Read[] {
  const told = takesWrites(reads, when)
  const nodes = told.size > 0 ? told : takesWrites(reads, OTHER[when])
  return reads.filter((read) => read.when === when && nodes.has(read.node) && read.file !== null)
}

/** Two nodes that both take writes are a split brain; it shows as two authorities of one reading. */
export const splitBrainIn = (reads: readonly Read[]): boolean =>
  (['during', 'during-again', 'after'] as const).some((when) => takesWrites(reads, when).size > 1)

/** Why the readings with the fault in place cannot be relied on; null when they agree. */
function disagreement(evidence: Evidence, reads: readonly Read[]): string | null {
  const [first] = authoritiesOf(reads, 'during')
  if (!first) return null
  const [again] = authoritiesOf(reads, 'during-again')
  if (!again) return 'it was read only once with the fault in place'
  if (first.node !== again.node) return `the writes went to ${first.node} at the first read and to ${again.node} at the second`
  const apart = heldIn(evidence, first).differences(heldIn(evidence, again))
  return apart === 0 ? null : `the two reads of ${first.node} differ in ${apart} records`
}

const heldIn = (evidence: Evidence, read: Read): Held => heldBy(read.file === null ? [] : evidence.reads(read.file))

function judgedRead(
  evidence: Evidence,
  { name }: LedgerDecl,
  when: 'during' | 'after',
  reads: readonly Read[],
  splitBrainAcks: number,
  trouble: string | null,
): Judged[] {
  const [read, second] = authoritiesOf(reads, when)
  if (!read) return []
  const { firstLost, lastLost, lastKept, ...counts } = classify(() => evidence.writes(name), heldIn(evidence, read), read.at.lo * MICRO)
  const wrong = counts.lost > 0 || counts.unexpected > 0 || splitBrainAcks > 0 || second !== undefined
  const valid: Verdict = wrong ? 'broken' : trouble !== null || counts.acknowledged === 0 ? 'unknown' : 'held'
  const result = { ledger: name, when, authority: read.node, ...counts, splitBrainAcks, valid }
  return [{ when, read, counts: { ...counts, firstLost, lastLost, lastKept }, result }]
}

/** Acknowledged by a node after another one had taken over, asked for when that was certain. */
function countSplitBrainAcks(evidence: Evidence, ledger: string): number {
  const epochs = eventsOf(evidence.journal, 'ledger.epoch').filter((event) => event.ledger === ledger)
  if (epochs.length === 0) return 0
  let count = 0
  for (const { outcome, node, invoked } of each(evidence.writes(ledger))) {
    if (outcome !== 0 || node === '') continue
    const epoch = epochs.findLast(({ at }) => at.hi * MICRO < invoked)
    const next = epochs.find(({ at }) => at.hi * MICRO >= invoked)
    if (epoch && epoch.node !== node && next?.node !== node) count++
  }
  return count
}

/**
 * RPA = T_lossref − P. P, the recovery point, lies in (last surviving acknowledgement before the first lost one, first lost one];
 * T_lossref = max(T_eff, last lost acknowledgement): a node that was cut off may have gone on acknowledging.
 * Nothing lost is a bound, not a zero: a loss of less than one write's interval would not have been seen.
 */
function spanOf(counts: SetCounts, timeline: Timeline, { rate }: LedgerDecl): Measured {
  const resolution = `one write every ${Number((1 / rate).toPrecision(4))} s`
  if (counts.firstLost === null || counts.lastLost === null)
    return measured(0, 1 / rate, { unit: 's', censored: 'left', method: 'nothing acknowledged is lost: less than one write', resolution })
  if (timeline.stepped) return notMeasured('s', 'the clock stepped during the drill')
  const effective = timeline.faults.find((fault) => fault.effective !== null)?.effective
  const last = counts.lastLost / MICRO
  const reference = { lo: Math.max(effective?.lo ?? last, last), hi: Math.max(effective?.hi ?? last, last) }
  const kept = counts.lastKept === null ? null : counts.lastKept / MICRO
  return measured(Math.max(0, reference.lo - counts.firstLost / MICRO), kept === null ? null : reference.hi - kept, {
    unit: 's',
    method: 'the later of the effect and the last lost acknowledgement − the recovery point',
    resolution,
    samples: counts.acknowledged,
  })
}
