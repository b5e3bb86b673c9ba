import type { Json } from '../domain/json.ts'
import type { Outcome } from '../domain/sample.ts'
import type { Shape } from '../domain/shape.ts'
import type { Instant, Seconds } from '../domain/time.ts'
import type { Context } from './context.ts'
import type { Need } from './preflight.ts'

/** What one request said. The scheduler adds when it was due. */
export interface Shot {
  readonly start: Instant
  readonly end: Instant
  readonly outcome: Exclude<Outcome, 'missed'>
  /** An HTTP status, a system error code, `timeout`, `latency`, `body`, … Short and of few kinds. */
  readonly code: string
}

/** A probe that is ready to shoot. Shots overlap; one never waits for another. */
export interface ProbeSession {
  /** Never rejects. Gives up at `timeout` after the call with code `timeout`. */
  shoot(timeout: Seconds): Promise<Shot>
  close(): Promise<void>
}

/** Samples the service from outside. Runs on the observer's thread: imports no SDK. */
export interface Probe<Spec = Json, Expect = Json> {
  readonly name: string
  readonly summary: string
  readonly parameters: Shape<Spec>
  readonly expect: Shape<Expect>
  /** The latency bound among the expectations, which is then the default timeout. */
  latencyBound(expect: Expect): Seconds | undefined
  /** The rights that it uses on a platform; those that are missing refuse the plan. */
  needs?(spec: Spec): readonly Need[]
  open(spec: Spec, expect: Expect, context: Context): Promise<ProbeSession>
}

export const defineProbe = <Spec, Expect>(probe: Probe<Spec, Expect>): Probe<Spec, Expect> => probe
