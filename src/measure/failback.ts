import type { Interval } from '../domain/interval.ts'
import type { Measured, Measures } from '../domain/record.ts'
import type { Verdict } from '../domain/verdict.ts'
import type { Tally } from './budget/tally.ts'
import type { Evidence } from './evidence.ts'
import { elapsed, measured, notMeasured } from './measured.ts'
import { createRecoveryFold, type RecoveryFold, type RecoveryState } from './recovery/recovery.ts'
import { eventsOf, type Timeline } from './timeline.ts'

/** One steady-state probe that is watched from the moment everything was put back. */
export interface HomeWatch {
  readonly probe: string
  readonly from: number
  readonly hold: number
  readonly fold: RecoveryFold
}

/** What is watched on the way home, before the samples are read; nothing where nothing was injected. */
export function watchHome({ plan }: Evidence, timeline: Timeline): readonly HomeWatch[] {
  const { steadyState, probes } = plan.experiment
  const from = startOf(timeline) ?? timeline.undone
  if (from === null) return []
  const { good, hold } = steadyState
  return steadyState.probes.flatMap((probe) => {
    const every = probes[probe]?.every
    return every === undefined ? [] : [{ probe, from, hold, fold: createRecoveryFold({ good, hold, every, from }) }]
  })
}

const startOf = ({ phases }: Timeline): number | null => phases.find(({ phase }) => phase === 'failback')?.from ?? null

/** The way home: until the service is steady again and the spare is back, its bad time, and whether it comes home at all. */
export function failbackOf(
  evidence: Evidence,
  timeline: Timeline,
  watches: readonly HomeWatch[],
  tallies: ReadonlyMap<string, Tally>,
): Measures['failback'] {
  const began = startOf(timeline)
  const watched = watches.map(({ fold, ...watch }) => ({ ...watch, state: fold.state() }))
  const redundancy = redundancyAt(evidence)
  return {
    time: began === null || timeline.stepped ? notMeasured('s', whyNot(timeline)) : timeOf(began, watched, redundancy, stepsOf(evidence)),
    bad: badOf(evidence, tallies),
    redundancy: sinceEffect(evidence, timeline, redundancy),
    metastable: watched.length === 0 ? 'unknown' : metastableOf(watched),
  }
}

const whyNot = ({ stepped, called }: Timeline): string =>
  stepped ? 'the clock stepped during the drill' : called === null ? 'nothing was injected' : 'the drill ended before the failback'

interface Watched {
  readonly probe: string
  readonly from: number
  readonly hold: number
  readonly state: RecoveryState
}

interface Redundancy {
  readonly declared: boolean
  readonly at: Interval | null
  /** When it was said that it is there although it was never seen gone. */
  readonly thereAt: number | null
  /** Until when it was looked for in vain. */
  readonly until: number | null
  readonly detail: string
}

function redundancyAt({ journal, plan }: Evidence): Redundancy {
  const seen = eventsOf(journal, 'redundancy').at(-1)
  const declared = plan.experiment.redundancy !== undefined
  if (!seen)
    return {
      declared,
      at: null,
      thereAt: null,
      until: null,
      detail: declared ? 'nobody looked for the spare' : 'the experiment does not say what shows it',
    }
  return {
    declared,
    at: seen.restored ? seen.at : null,
    thereAt: seen.restored && seen.at === null ? seen.written : null,
    until: seen.restored ? null : seen.written,
    detail: seen.detail,
  }
}

function sinceEffect(evidence: Evidence, timeline: Timeline, { at, thereAt, until, detail }: Redundancy): Measured {
  const effective = timeline.faults.find((fault) => fault.effective !== null)?.effective
  if (!effective) return notMeasured('s', 'no effect was proven')
  if (timeline.stepped) return notMeasured('s', 'the clock stepped during the drill')
  const method = 'the spare is back − T_eff'
  if (at) return elapsed(at, effective, { method })
  if (thereAt !== null) return neverGone(evidence, thereAt - effective.lo)
  return until === null
    ? notMeasured('s', detail)
    : measured(Math.max(0, until - effective.hi), null, { unit: 's', method: `${method}: ${detail}` })
}

/** The spare may have been gone between two looks: not zero, but less than could have been seen. `looked`: from the effect to the last look. */
function neverGone({ plan }: Evidence, looked: number): Measured {
  const { by } = plan.experiment.redundancy ?? {}
  const probe = by && 'probe' in by ? plan.experiment.probes[by.probe] : undefined
  const hi = probe ? Math.min(looked, probe.every + probe.timeout) : looked
  return measured(0, Math.max(0, hi), { unit: 's', method: 'the spare was never seen gone: below resolution', censored: 'left' })
}

/** A time that is known from `lo` on; `hi` null: it was not seen to come. */
interface Home {
  readonly lo: number
  readonly hi: number | null
}

/** The experiment's own steps home: done between the time they were begun and the time they said so. */
function stepsOf({ plan, journal }: Evidence): readonly Home[] {
  const names = new Set((plan.experiment.failback?.do ?? []).map(({ name }) => name))
  const ends = eventsOf(journal, 'action.ended')
  return eventsOf(journal, 'action.began')
    .filter(({ action }) => names.has(action))
    .map(({ action, written }) => {
      const end = ends.find((event) => event.action === action)
      return { lo: written, hi: end?.ok ? end.written : null }
    })
}

/** From the start of the failback to the latest of: its steps done, every steady-state probe good for its hold, and the spare back where the experiment says what shows it. */
function timeOf(began: number, watched: readonly Watched[], redundancy: Redundancy, steps: readonly Home[]): Measured {
  const method = 'its steps done, every steady-state probe held and the spare back − start of the failback'
  const homes: Home[] = [...watched.map(homeOf), ...steps]
  if (watched.length === 0 || watched.some(({ state }) => state.good + state.bad === 0))
    return notMeasured('s', 'no sample was taken after the fault')
  if (redundancy.declared && redundancy.at === null && redundancy.thereAt === null) {
    if (redundancy.until === null) return notMeasured('s', redundancy.detail)
    homes.push({ lo: redundancy.until, hi: null })
  } else if (redundancy.at) homes.push(redundancy.at)
  const lo = Math.max(...homes.map((home) => home.lo))
  const open = homes.some(({ hi }) => hi === null)
  const hi = open ? null : Math.max(...homes.map((home) => home.hi ?? 0)) - began
  return measured(Math.max(0, lo - began), hi === null ? null : Math.max(0, hi), { unit: 's', method })
}

function homeOf({ from, state }: Watched): Home {
  if (state.downSince !== null) return state.recovered ?? { lo: state.lastBad ?? from, hi: null }
  return { lo: from, hi: state.held ? state.steadySince : null }
}

function badOf({ plan }: Evidence, tallies: ReadonlyMap<string, Tally>): Measured {
  const probe = plan.experiment.objectives.rto?.to.probe ?? plan.experiment.steadyState.probes[0] ?? ''
  const burn = tallies.get(probe)?.burn.failback
  if (!burn || burn.samples === 0) return notMeasured('s', 'no sample was taken on the way home')
  return measured(burn.lo, burn.hi, { unit: 's', method: `bad time of "${probe}" on the way home`, samples: burn.samples })
}

/** held: the service is well again after everything was put back. broken: it was watched for twice the hold and is not. */
function metastableOf(watched: readonly Watched[]): Verdict {
  const verdicts = watched.map(({ from, hold, state }): Verdict => {
    if (state.held) return 'held'
    const { lastBad, seenUntil } = state
    if (lastBad === null || seenUntil === null) return 'unknown'
    return seenUntil - from >= 2 * hold && seenUntil - lastBad < hold ? 'broken' : 'unknown'
  })
  return verdicts.includes('broken') ? 'broken' : verdicts.includes('unknown') ? 'unknown' : 'held'
}
