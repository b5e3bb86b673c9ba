import type { ProbeDecl } from '../../domain/experiment.ts'
import type { Interval } from '../../domain/interval.ts'
import type { Measured, Measures } from '../../domain/record.ts'
import type { Evidence } from '../evidence.ts'
import { elapsed, measured, notMeasured } from '../measured.ts'
import { MICRO } from '../samples/micro.ts'
import type { Edges } from '../samples/outages.ts'
import type { FaultTimes, Timeline } from '../timeline.ts'
import { createRecoveryFold, type RecoveryFold, type RecoveryState } from './recovery.ts'

/** What the time to recovery is asked of: the promise, or the steady state where none was made. */
export interface RtaQuestion {
  readonly probe: string
  readonly good: number
  readonly hold: number
  readonly from: string | undefined
}

export interface Rta {
  readonly rta: Measures['rta']
  /** Drill clock; `hi` null: it did not recover, or nobody saw it. null: the service never went down. */
  readonly recovered: { readonly lo: number; readonly hi: number | null } | null
  /** It recovered and held only after the fault had been lifted. */
  readonly afterLift: boolean
  readonly samples: number
  readonly fellAgain: number
}

export const unmeasuredRta = (reason: string, from: string | null): Rta => ({
  rta: { incident: gap(reason), impact: gap(reason), first: gap(reason), relapses: null, from, notes: [] },
  recovered: null,
  afterLift: false,
  samples: 0,
  fellAgain: 0,
})

const gap = (reason: string): Measured => notMeasured('s', reason)

/** What is watched for an answer, before the samples are read. */
export interface RtaWatch {
  readonly question: RtaQuestion
  readonly probe: ProbeDecl
  readonly fault: FaultTimes
  readonly effective: Interval
  readonly until: number
  /** With the fault in place, and without an end. */
  readonly inPlace: RecoveryFold
  readonly whole: RecoveryFold
}

/** Either what to watch, or why the question cannot be answered. */
export function watchRta({ plan }: Evidence, timeline: Timeline, question: RtaQuestion): RtaWatch | Rta {
  const fault = question.from === undefined ? timeline.faults[0] : timeline.faults.find(({ name }) => name === question.from)
  const probe = plan.experiment.probes[question.probe]
  if (!fault) return unmeasuredRta('nothing was injected', question.from ?? null)
  if (!fault.effective) return unmeasuredRta(`no effect: ${fault.unproven ?? 'none was seen'}`, fault.name)
  if (!probe) return unmeasuredRta(`there is no probe "${question.probe}"`, fault.name)
  if (timeline.stepped) return unmeasuredRta('the clock stepped during the drill', fault.name)
  const until = Math.min(timeline.watched, fault.lifted?.lo ?? Number.POSITIVE_INFINITY)
  const rule = { good: question.good, hold: question.hold, every: probe.every, from: fault.called.lo }
  const folds = { inPlace: createRecoveryFold({ ...rule, until }), whole: createRecoveryFold(rule) }
  return { question, probe, fault, effective: fault.effective, until, ...folds }
}

/**
 * RTA = T_rec − T_eff: from the fault's effect to the first good sample of the run that holds, watched until the fault is lifted.
 * What recovers only then was not a failover: the measure is cut off at the last bad sample before the lifting.
 */
export function rtaOf({ question, probe, fault, effective, until, inPlace, whole }: RtaWatch, outages: readonly Edges[]): Rta {
  const state = inPlace.state()
  const samples = state.good + state.bad
  if (samples === 0) return unmeasuredRta(`"${probe.name}" has no sample between the fault and ${showTime(until)}`, fault.name)
  const onset = firstImpact(fault, outages)
  const clock = startOfClock(fault, effective, onset, state.downSince)
  const how = { samples, missed: state.unknown, resolution: `probe interval ${probe.every} s + latency` }
  return {
    rta: {
      ...measures(state, clock.at, onset, { ...how, interval: probe.every + probe.timeout, hold: question.hold }),
      relapses: state.relapses,
      from: fault.name,
      notes: clock.notes,
    },
    recovered: state.downSince === null ? null : (state.recovered ?? { lo: state.lastBad ?? until, hi: null }),
    afterLift: fault.lifted !== null && state.downSince !== null && state.recovered === null && whole.state().recovered !== null,
    samples,
    fellAgain: state.fellAgain,
  }
}

const showTime = (at: number): string => `${at.toFixed(3)} s`

/** Clients that were hurt before the effect was seen move its early end back to the call. */
function startOfClock(fault: FaultTimes, effective: Interval, onset: Interval | null, downSince: number | null) {
  if (onset === null || downSince === null || onset.hi >= effective.lo) return { at: effective, notes: [] }
  const note = `clients were hurt by ${showTime(onset.hi)}, before the effect was seen at ${showTime(effective.lo)}: the clock starts at the call`
  return { at: { lo: fault.called.lo, hi: Math.max(fault.called.lo, Math.min(effective.hi, onset.hi)) }, notes: [note] }
}

function firstImpact(fault: FaultTimes, outages: readonly Edges[]): Interval | null {
  const first = outages.find(({ onset }) => onset.hi >= fault.called.lo * MICRO)
  return first ? { lo: first.onset.lo / MICRO, hi: first.onset.hi / MICRO } : null
}

interface HowSeen {
  readonly samples: number
  readonly missed: number
  readonly resolution: string
  readonly interval: number
  readonly hold: number
}

function measures(state: RecoveryState, effective: Interval, onset: Interval | null, seen: HowSeen) {
  const { hold, samples, missed, resolution } = seen
  const how = { samples, missed, resolution }
  const method = `first good sample of the run that held for ${hold} s − T_eff`
  if (state.downSince === null) return unhurt(state, effective, seen)
  const { recovered } = state
  const lo = recovered?.lo ?? state.lastBad ?? state.downSince
  const hi = recovered?.hi ?? null
  const between = (to: { readonly lo: number; readonly hi: number | null }, from: Interval, what: string): Measured =>
    to.hi === null
      ? measured(Math.max(0, to.lo - from.hi), null, { unit: 's', method: what, ...how })
      : elapsed({ lo: to.lo, hi: to.hi }, from, { method: what, ...how })
  const since = (from: Interval, what: string): Measured => between({ lo, hi }, from, what)
  return {
    incident: since(effective, method),
    impact: onset ? since(onset, `${method.split(' − ')[0]} − first impact`) : notMeasured('s', 'no onset was seen'),
    first: between(state.first ?? { lo, hi: null }, effective, 'first good sample after the impact − T_eff'),
  }
}

/** Nobody was hurt: not zero, but less than the probe could have seen, and only when it looked for as long as the hold. */
function unhurt(state: RecoveryState, effective: Interval, { interval, hold, ...how }: HowSeen) {
  const method = 'no bad sample broke the service level after the call: below resolution'
  const reason = `no impact was seen, but not for ${hold} s on end`
  const hi = state.heldFirst === null ? null : Math.max(interval, state.heldFirst - effective.lo)
  const incident = hi === null ? notMeasured('s', reason) : measured(0, hi, { unit: 's', method, censored: 'left', ...how })
  return { incident, impact: incident, first: incident }
}
