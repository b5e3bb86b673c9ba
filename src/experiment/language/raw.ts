import type { Stage } from '../../domain/experiment.ts'
import type { Json } from '../../domain/json.ts'
import type { Rate, Ratio, Seconds } from '../../domain/time.ts'

// What the shapes of several kinds read; the other sections' types come from their shapes.

export interface RawTarget {
  readonly kind: string
  /** With `pick` in it where it is a mapping. */
  readonly spec: Json
  readonly pick?: string
}
export interface RawProbe {
  readonly kind: string
  readonly spec: Json
  readonly expect: Json
  readonly every: Seconds
  readonly timeout?: Seconds
  readonly role: 'client' | 'control'
}
export interface RawSignal {
  readonly kind: string
  readonly spec: Json
  readonly stage?: Stage
  readonly every: Seconds
}
export interface RawLedger {
  readonly kind: string
  readonly spec: Json
  readonly rate: Rate
  readonly timeout: Seconds
}
export interface RawLoad {
  readonly kind: string
  /** With `rate` and `ramp` in it where it is a mapping. */
  readonly spec: Json
  readonly rate?: Rate
  readonly ramp?: Seconds
}
export interface RawWhen {
  readonly at?: Seconds
  readonly after?: string | { readonly step: string; readonly delay: Seconds }
}
export interface RawFault extends RawWhen {
  readonly name: string
  readonly fault: string
  readonly spec: Json
  readonly target?: string
  readonly for?: Seconds
  readonly effect?: {
    readonly probe?: string
    readonly becomes: 'bad' | 'good'
    readonly within?: Seconds
    readonly share: { readonly min: Ratio }
  }
  readonly repeat?: { readonly every: Seconds; readonly times: number }
  readonly percent?: Ratio
}
export interface RawAction extends RawWhen {
  readonly name: string
  readonly action: string
  readonly spec: Json
  readonly within: Seconds
}
export interface RawRedundancy {
  readonly kind: 'probe' | 'signal' | 'ledger'
  readonly spec: string
  readonly hold: Seconds
  readonly within?: Seconds
}
