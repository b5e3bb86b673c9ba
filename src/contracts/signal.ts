import type { Stage } from '../domain/experiment.ts'
import type { Interval } from '../domain/interval.ts'
import type { Json } from '../domain/json.ts'
import type { Shape } from '../domain/shape.ts'
import type { Seconds } from '../domain/time.ts'
import type { Context } from './context.ts'
import type { Need } from './preflight.ts'

export interface SignalSeen {
  readonly state: 'quiet' | 'firing' | 'unknown'
  /** When it came to be so, on the drill's clock. */
  readonly at: Interval
  readonly detail: string
}

/** Reads a detector of the system under test. Runs on the observer's thread: imports no SDK. */
export interface Signal<Spec = Json> {
  readonly name: string
  readonly summary: string
  readonly parameters: Shape<Spec>
  /** The stage it speaks for unless the experiment says otherwise. */
  readonly stage: Stage
  /** The rights that it uses on a platform; those that are missing refuse the plan. */
  needs?(spec: Spec): readonly Need[]
  /**
   * Reports the first state as soon as it watches (a listener: quiet), then every change, until the signal aborts.
   * Rejects only when it cannot start (a port in use).
   */
  watch(spec: Spec, every: Seconds, seen: (what: SignalSeen) => void, context: Context): Promise<void>
}

export const defineSignal = <Spec>(signal: Signal<Spec>): Signal<Spec> => signal
