import type { LedgerTally } from '../../contracts/keeper.ts'
import type { DrillEvent, JournalEntry, Phase } from '../../domain/event.ts'
import type { Interval } from '../../domain/interval.ts'
import type { Plan } from '../../domain/plan.ts'
import type { SampleBlock } from '../../domain/sample.ts'
import { createStrip, type Strip } from './strip.ts'

export interface FaultView {
  readonly name: string
  readonly fault: string
  state: 'waiting' | 'injecting' | 'injected' | 'bites' | 'no effect' | 'ending' | 'undoing' | 'back' | 'failed'
  effectAt: Interval | null
  detail: string
}

/** What the live view knows: folded from journal entries, samples and tallies, nothing else. */
export interface LiveState {
  readonly plan: Plan
  readonly run: string
  phase: Phase | null
  readonly done: Set<Phase>
  phaseSince: number
  firstCall: number | null
  readonly faults: Map<string, FaultView>
  readonly strips: ReadonlyMap<string, Strip>
  readonly tallies: Map<string, LedgerTally>
  readonly firing: Map<string, { readonly state: string; readonly at: Interval }>
  readonly undoing: Set<string>
  redundancy: boolean | null
  abort: string | null
  closed: string | null
}

export interface LiveFold {
  readonly state: LiveState
  entry(entry: JournalEntry): void
  samples(probe: string, block: SampleBlock): void
  tally(tally: LedgerTally): void
}

const faultView = ({ name, fault }: { readonly name: string; readonly fault: string }): FaultView => ({
  name,
  fault,
  state: 'waiting',
  effectAt: null,
  detail: '',
})

function foldFault(state: LiveState, event: DrillEvent, at: number): void {
  const view = 'fault' in event ? state.faults.get(event.fault) : undefined
  if (!view) return
  if (event.kind === 'fault.intent') {
    view.state = 'injecting'
    state.firstCall ??= at
  } else if (event.kind === 'fault.injected' && view.state === 'injecting') view.state = 'injected'
  else if (event.kind === 'fault.failed') Object.assign(view, { state: 'failed', detail: event.why })
  else if (event.kind === 'effect') {
    view.state = event.proven ? 'bites' : 'no effect'
    view.effectAt = event.at ?? view.effectAt
    view.detail = event.how
  } else if (event.kind === 'fault.ending') view.state = 'ending'
  else if (event.kind === 'undo.ended') {
    view.state = event.state === 'failed' ? 'failed' : 'back'
    view.detail = event.state
  }
}

function foldDrill(state: LiveState, event: DrillEvent, at: number): void {
  if (event.kind === 'phase') {
    if (state.phase !== null) state.done.add(state.phase)
    state.phase = event.phase
    state.phaseSince = at
  } else if (event.kind === 'signal') state.firing.set(event.signal, { state: event.state, at: event.at })
  else if (event.kind === 'undo.began') state.undoing.add(event.undo)
  else if (event.kind === 'undo.ended') state.undoing.delete(event.undo)
  else if (event.kind === 'redundancy') state.redundancy = event.restored
  else if (event.kind === 'abort') state.abort ??= `${event.cause}: ${event.detail}`
  else if (event.kind === 'drill.closed') state.closed = event.reason
}

/** Begins a view of a drill that goes by `plan`. */
export function createLiveFold(plan: Plan, run: string): LiveFold {
  const strips = new Map(Object.keys(plan.experiment.probes).map((name) => [name, createStrip()]))
  const state: LiveState = {
    plan,
    run,
    phase: null,
    done: new Set(),
    phaseSince: 0,
    firstCall: null,
    faults: new Map(plan.experiment.faults.map((fault) => [fault.name, faultView(fault)])),
    strips,
    tallies: new Map(),
    firing: new Map(),
    undoing: new Set(),
    redundancy: null,
    abort: null,
    closed: null,
  }
  return {
    state,
    entry: ({ at, event }) => {
      foldFault(state, event, at)
      foldDrill(state, event, at)
    },
    samples: (probe, block) => strips.get(probe)?.add(block),
    tally: (tally) => void state.tallies.set(tally.ledger, tally),
  }
}
