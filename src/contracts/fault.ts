import type { Interval } from '../domain/interval.ts'
import type { Json } from '../domain/json.ts'
import type { Shape } from '../domain/shape.ts'
import type { Target } from '../domain/target.ts'
import type { Ratio, Seconds } from '../domain/time.ts'
import type { UndoOutcome, UndoReach } from '../domain/undo.ts'
import type { Context } from './context.ts'
import type { Preflight } from './preflight.ts'

/** state: holds until undone. event: happens once. expiring: ends by itself at a time the platform knows. */
export type FaultKind = 'state' | 'event' | 'expiring'

/** What one occurrence of a fault is asked to do to one target. */
export interface FaultInput<Spec> {
  readonly spec: Spec
  /** null for faults that bring their own target (`process/exec`, `http/call`). */
  readonly target: Target | null
  /** How long it shall hold; undefined for events. An expiring fault sets it as its time to live. */
  readonly for?: Seconds
  /** By then it is undone, whatever happens: `for`, else what the drill may last. What a mark on the platform says it expires after. */
  readonly longest: Seconds
  readonly percent?: Ratio
  /** Unique in the drill and the same after a restart: an idempotency token. */
  readonly token: string
  readonly random: () => number
}

/** What will be done to one target, from reads alone. */
export interface Mutation<Undo> {
  /** The mutating call as a person would type it; no secrets. */
  readonly call: string
  /** Everything undo needs, prior state included; null when there is nothing to undo (an event). */
  readonly undo: Undo | null
  /** What a person would type to undo it. */
  readonly command: string
  /** Shown in the plan and compared right before injection: a change in between refuses. */
  readonly prior: Json
  /** What the effect is told apart from (who was serving before), seen right before injection; never compared, never written down. */
  readonly witness?: Json
}

export interface EffectSeen {
  readonly proven: boolean
  /** `data`: seen where clients are. `control`: the state itself was read back. */
  readonly level: 'data' | 'control'
  /** (last observation without, first with]; null when it was not seen before the signal aborted. */
  readonly at: Interval | null
  readonly how: string
}

/**
 * One fault. `plan` only reads; `inject` changes one target; `undo` is idempotent, changes back only what the record says was ours and
 * only if nobody changed it since, and reads back. `undo` after a crash runs in another process, with nothing but the record.
 */
export interface Fault<Spec = Json, Undo = Json> {
  readonly name: string
  readonly kind: FaultKind
  /** Where a parameter changes the kind (`process/kill` with `restart` is a state). */
  kindOf?(spec: Spec): FaultKind
  readonly summary: string
  /** The platform whose targets it takes; null: it brings its own. */
  readonly platform: string | null
  readonly parameters: Shape<Spec>
  /** Fields of the experiment that apply. */
  readonly takes: { readonly percent: boolean }
  /** Several may hold on one target at once, and each is undone on its own: none records another's damage as the state to go back to. */
  readonly composes?: boolean
  readonly undoFrom: UndoReach
  /** The fault's effect *is* a state that was set, so that reading it back from outside proves it. */
  readonly effectIsState: boolean
  /** Only a probe of the experiment can see it bite: its own `effect` reports what it reads back and never proves anything. Default false. */
  readonly needsProbe?: boolean
  /** How long it may take to bite unless the experiment says so (`effect: {within}`), injecting it included. Less than 10 s says nothing. */
  bitesWithin?(spec: Spec): Seconds
  /** One sentence each, for the catalog. */
  readonly effectHow: string
  readonly undoHow: string
  readonly permissions: readonly string[]
  /** Version of `Undo`'s shape. */
  readonly undoVersion: number
  plan(input: FaultInput<Spec>, context: Context): Promise<Mutation<Undo>>
  /** What stands in the way of injecting it into all of these and of undoing it, and the rights that both need. Reads only. */
  preflight?(inputs: readonly FaultInput<Spec>[], context: Context): Promise<Preflight>
  inject(input: FaultInput<Spec>, mutation: Mutation<Undo>, context: Context): Promise<void>
  /** Watches from just before `inject` until the effect is seen or the signal aborts; resolves, never rejects on abort. */
  effect(input: FaultInput<Spec>, mutation: Mutation<Undo>, context: Context): Promise<EffectSeen>
  undo(record: Undo, context: Context): Promise<UndoOutcome>
}

export const defineFault = <Spec, Undo extends Json>(fault: Fault<Spec, Undo>): Fault<Spec, Undo> => fault
