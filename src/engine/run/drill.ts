import type { Clock, Context } from '../../contracts/context.ts'
import type { Keeper } from '../../contracts/keeper.ts'
import type { Observer } from '../../contracts/observer.ts'
import type { Registry } from '../../contracts/registry.ts'
import type { DrillEvent, Phase } from '../../domain/event.ts'
import type { Experiment } from '../../domain/experiment.ts'
import type { Plan } from '../../domain/plan.ts'
import type { Seconds } from '../../domain/time.ts'
import type { UndoRecord } from '../../domain/undo.ts'
import type { AbortLatch } from './abort/latch.ts'
import type { Feed } from './feed.ts'

/** What the life of a drill writes to and asks, whatever keeps it (files at home, an object store). */
export interface DrillLog {
  /** In order, durable soon. */
  append(event: DrillEvent): void
  /** Durable when it resolves. */
  commit(...events: readonly DrillEvent[]): Promise<void>
}

export interface DrillUndo {
  /** Durable here and in the experiment's own store when it resolves: nothing may be mutated before. */
  record(records: readonly UndoRecord[]): Promise<void>
  /** Its mutation was confirmed. */
  injected(id: string): void
  /** Undoes these in reverse order, journals each outcome; never rejects, never hears of the drill's abort. */
  run(ids: readonly string[]): Promise<void>
}

/** A drill under way: what every phase needs. */
export interface Drill {
  readonly run: string
  readonly plan: Plan
  readonly experiment: Experiment
  readonly registry: Registry
  readonly clock: Clock
  readonly log: DrillLog
  readonly undo: DrillUndo
  readonly feed: Feed
  readonly abort: AbortLatch
  readonly observer: Observer
  /** null when the experiment has no ledger. */
  readonly keeper: Keeper | null
  /** Rejects with a DrillError when this engine no longer holds the drill: somebody else undoes. Asked before every mutation. */
  hold(): Promise<void>
  phase(phase: Phase): void
  /** For a contract's function: the drill's own signal, or a deadline that the drill's abort does not reach. */
  context(signal: AbortSignal): Context
}

/** Aborts with the drill or after `length`, whichever is first. */
export const within = (drill: Pick<Drill, 'abort'>, length: Seconds): AbortSignal =>
  AbortSignal.any([drill.abort.signal, AbortSignal.timeout(Math.ceil(length * 1000))])
