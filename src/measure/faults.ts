import { hull } from '../domain/interval.ts'
import type { PlannedFault } from '../domain/plan.ts'
import type { FaultResult } from '../domain/record.ts'
import type { UndoRecord, UndoState } from '../domain/undo.ts'
import type { Evidence } from './evidence.ts'
import { eventsOf, type FaultTimes, type Found, type Timeline } from './timeline.ts'

/** What was broken and its proof, what was put back and its proof: one result a declared fault, whether it came to it or not. */
export const faultResults = ({ plan, journal }: Evidence, timeline: Timeline): readonly FaultResult[] =>
  plan.faults.map((planned) => {
    const times = timeline.faults.find(({ name }) => name === planned.name)
    const injected = eventsOf(journal, 'fault.injected').filter(({ fault }) => fault === planned.name)
    const { name, fault, kind } = planned
    const targets = [...new Set(injected.map(({ target }) => target))]
    return {
      name,
      fault,
      kind,
      targets: targets.length > 0 ? targets : planned.targets.map(({ label }) => label),
      injected: injected.length === 0 ? null : injected.map(({ call }) => call).reduce(hull),
      effect: effectOf(journal, planned, times),
      undo: undoOf(journal, planned),
    }
  })

function effectOf(journal: Evidence['journal'], { name }: PlannedFault, times: FaultTimes | undefined): FaultResult['effect'] {
  const seen = eventsOf(journal, 'effect').filter(({ fault }) => fault === name)
  const decisive = seen.find(({ target, proven }) => target === null && proven) ?? seen.find(({ proven }) => proven) ?? seen[0]
  const proven = times !== undefined && times.unproven === null
  return {
    proven,
    level: decisive?.level ?? null,
    at: proven ? times.effective : null,
    how: proven ? (decisive?.how ?? '') : (times?.unproven ?? 'it was not injected'),
    perTarget: seen.flatMap(({ target, at, how }) => (target === null ? [] : [{ target, at, how }])),
  }
}

/** Worst first: what one target ended as is what the fault ended as. */
const STATES: readonly UndoState[] = ['failed', 'drifted', 'undone', 'expired', 'not-needed', 'not-injected']

type Target = FaultResult['undo']['perTarget'][number]

function undoOf(journal: Evidence['journal'], { name }: PlannedFault): FaultResult['undo'] {
  const intents = eventsOf(journal, 'fault.intent').filter(({ fault }) => fault === name)
  const perTarget = intents.flatMap((intent) => (intent.undo === null ? [] : [targetOf(journal, intent, intent.undo)]))
  const states = perTarget.map(({ state }) => state)
  const back = perTarget.flatMap(({ state, at }) => (at && (state === 'undone' || state === 'expired') ? [at.hi] : []))
  const state = STATES.find((candidate) => states.includes(candidate)) ?? (intents.length > 0 ? 'not-needed' : 'not-injected')
  return {
    state: perTarget.some(isLeft) ? 'failed' : state,
    verified: perTarget.every(({ verified }) => verified),
    at: back.length === 0 ? null : Math.max(...back),
    perTarget,
  }
}

/** Of ours and still there: undo failed, or somebody changed it and it was not seen clean. */
export const isLeft = ({ state, verified }: Target): boolean => state === 'failed' || (state === 'drifted' && !verified)

/** A target that was announced and of which no undo is recorded counts as faulted, unless the call was certainly refused. */
function targetOf(journal: Evidence['journal'], { fault, occurrence, target }: Found<'fault.intent'>, undo: UndoRecord): Target {
  const ended = eventsOf(journal, 'undo.ended').filter((event) => event.undo === undo.id)
  const last = ended.at(-1)
  if (last) {
    const { verified, at, detail, command } = last
    return { target: target.label, state: settled(ended.map(({ state }) => state)), verified, at, detail, command }
  }
  const certain = (event: Found<'fault.failed'>) =>
    event.fault === fault && event.occurrence === occurrence && event.target === target.label && !event.maybeInjected
  const failed = eventsOf(journal, 'fault.failed').find(certain)
  if (failed) return { target: target.label, state: 'not-injected', verified: true, at: null, detail: failed.why, command: undo.command }
  return { target: target.label, state: 'failed', verified: false, at: null, detail: 'no undo is recorded', command: undo.command }
}

/** Undo is repeated until it is sure (after a crash, a lease later): a later one that finds nothing to do does not take the first one's work away. */
function settled(states: readonly UndoState[]): UndoState {
  const last = states.at(-1) ?? 'failed'
  return (last === 'not-needed' || last === 'not-injected') && states.includes('undone') ? 'undone' : last
}
