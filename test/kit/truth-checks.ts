import { expect } from 'vitest'
import type { DrillRecord, Measured } from '../../src/domain/record.ts'
import { eventsOf, journalOf, type Place } from './cli.ts'
import { happened, times, truthOf } from './truth.ts'

/** A log line is written a little after what it tells, on a machine that is busy with two regions. */
const LOG_DELAY = 0.05

/** The measured interval contains the true length, which began at `from` and ended at `to`, both as logged. */
function contains(measured: Measured, from: number, to: number): void {
  expect(measured.lo, JSON.stringify(measured)).not.toBeNull()
  expect(measured.lo ?? Number.POSITIVE_INFINITY).toBeLessThanOrEqual(to - from + LOG_DELAY)
  expect(measured.hi ?? Number.POSITIVE_INFINITY).toBeGreaterThanOrEqual(to - from - LOG_DELAY)
}

/** When the fault's first call was confirmed. */
const injectedAt = (out: string, fault: string): number => {
  const event = eventsOf(out, 'fault.injected').find((candidate) => candidate.fault === fault)
  if (!event) throw new Error(`${fault} was not injected`)
  return event.call.hi
}

/** When the last of the experiment's own steps was done, as the journal dates it. */
const lastStepEnded = (out: string): number =>
  Math.max(...journalOf(out).flatMap(({ at, event }) => (event.kind === 'action.ended' ? [at] : [])))

const toSpare = { who: 'edge', event: 'moved', from: 'eu', to: 'us' }

function proven(record: DrillRecord): void {
  for (const { name, effect } of record.faults) expect(effect, name).toMatchObject({ proven: true })
}

type Check = (record: DrillRecord, at: Place) => void

/** By experiment: what the record must say, held to the sandbox's own log. */
export const truthChecks: Readonly<Record<string, Check>> = {
  'region-loss': (record, at) => {
    proven(record)
    const truth = truthOf(at)
    const died = happened(truth, { event: 'died', name: 'eu-gateway' })
    contains(record.measures.rta.incident, died, happened(truth, toSpare, died))
    contains(
      record.measures.detection['alert'] ?? missing('alert'),
      died,
      happened(truth, { who: 'alerter', event: 'firing', alertname: 'RegionDown' }),
    )
    expect(record.measures.rpa.ledgers.find(({ when }) => when === 'during')).toMatchObject({
      authority: 'us',
      unexpected: 0,
      valid: 'held',
    })
  },
  'region-hang': (record, at) => {
    proven(record)
    const truth = truthOf(at)
    const hung = injectedAt(at.out, 'hang')
    contains(record.measures.rta.incident, hung, happened(truth, toSpare, hung))
    contains(
      record.measures.detection['alert'] ?? missing('alert'),
      hung,
      happened(truth, { who: 'alerter', event: 'firing', alertname: 'RegionDown' }),
    )
    expect(record.faults[0]?.undo).toMatchObject({ state: 'undone', verified: true })
  },
  'gray-failure': (record, at) => {
    proven(record)
    expect(times(truthOf(at), toSpare), 'nobody moved away').toEqual([])
    expect(record.objectives.find(({ name }) => name === 'rto')).toMatchObject({ verdict: 'broken' })
    const during = record.measures.degraded.find(({ phase }) => phase === 'fault')
    expect(during?.failed ?? 0).toBeGreaterThan(0)
    expect(during?.failed ?? 1).toBeLessThan(0.2)
  },
  'replication-cut': (record, at) => {
    proven(record)
    const cut = injectedAt(at.out, 'cut')
    contains(record.measures.rpa.span, cut, happened(truthOf(at), { event: 'died', name: 'eu-db' }))
    expect(record.measures.rpa.lost.lo ?? 0).toBeGreaterThan(50)
  },
  'synchronous-cut': (record, at) => {
    proven(record)
    expect(record.measures.rpa.lost).toMatchObject({ lo: 0, hi: 0 })
    const cut = injectedAt(at.out, 'cut')
    const died = happened(truthOf(at), { event: 'died', name: 'eu-db' })
    const ledger = record.measures.rpa.ledgers[0]
    expect((ledger?.indeterminate ?? 0) + (ledger?.refused ?? 0), 'writes were blocked').toBeGreaterThan((died - cut) * 25)
  },
  'failover-and-failback': (record, at) => {
    proven(record)
    const truth = truthOf(at)
    const died = happened(truth, { event: 'died', name: 'eu-gateway' })
    const away = happened(truth, toSpare, died)
    contains(record.measures.rta.incident, died, away)
    const restarted = happened(truth, { event: 'restarted', name: 'eu-db' }, away)
    const back = eventsOf(at.out, 'redundancy').find(({ restored }) => restored)?.at
    expect(back?.hi ?? 0, 'the spare is not back before it runs').toBeGreaterThan(restarted)
    const began = record.phases.find(({ phase }) => phase === 'failback')?.from ?? Number.NaN
    contains(record.measures.failback.time, began, Math.max(back?.hi ?? 0, lastStepEnded(at.out)))
    expect(happened(truth, { who: 'controller', event: 'moved', to: 'eu' }, away), 'writes went home').toBeGreaterThan(restarted)
    for (const when of ['during', 'after'])
      expect(record.measures.rpa.ledgers.find((ledger) => ledger.when === when)).toMatchObject({ valid: 'held', unexpected: 0 })
  },
  'bad-model-rollout': (record) => {
    proven(record)
    const during = (probe: string) => record.measures.degraded.find((row) => row.probe === probe && row.phase === 'fault')
    expect(during('scoring')?.wrong ?? 0, 'wrong answers').toBeGreaterThan(0.1)
    expect(during('available')?.failed, 'every answer was a 200').toBe(0)
    expect(record.faults.map(({ undo }) => undo.state)).toEqual(['undone', 'undone'])
  },
  'slow-region': (record, at) => {
    proven(record)
    const slow = injectedAt(at.out, 'slow')
    contains(record.measures.rta.incident, slow, happened(truthOf(at), toSpare, slow))
  },
  'flapping-region': (record, at) => {
    proven(record)
    const moves = times(truthOf(at), toSpare)
    expect(moves.length, 'the edge left more than once').toBeGreaterThan(1)
    expect(record.measures.rta.relapses ?? 0).toBeGreaterThan(0)
    contains(record.measures.rta.incident, injectedAt(at.out, 'bad'), moves.at(-1) ?? Number.NaN)
  },
  'objective-missed': (record, at) => {
    proven(record)
    const truth = truthOf(at)
    const died = happened(truth, { event: 'died', name: 'eu-gateway' })
    contains(record.measures.rta.incident, died, happened(truth, toSpare, died))
    expect(record.objectives.find(({ name }) => name === 'rto')).toMatchObject({ verdict: 'broken' })
  },
  'guardrail-aborts': (record, at) => {
    proven(record)
    expect(eventsOf(at.out, 'abort')).toMatchObject([{ cause: 'guardrail' }])
    expect(record.faults[0]?.undo).toMatchObject({ verified: true })
  },
  'fault-without-effect': (record) => {
    expect(record.faults[0]?.effect).toMatchObject({ proven: false })
    expect(record.reason).toMatch(/no effect/i)
    expect(record.objectives.every(({ verdict }) => verdict === 'unknown')).toBe(true)
  },
  'unsteady-start': (_, at) => expect(eventsOf(at.out, 'fault.intent')).toEqual([]),
}

function missing(signal: string): never {
  throw new Error(`there is no measure of "${signal}"`)
}
