import type { Json, JsonObject } from './json.ts'
import type { Secret } from './shape.ts'
import type { Rate, Ratio, Seconds } from './time.ts'

/** An experiment as it was read: every default filled in, every `$NAME` replaced, every name that is referred to known to exist. */
export interface Experiment {
  readonly title: string
  readonly hypothesis?: string
  readonly mechanisms: readonly string[]
  readonly controls: readonly string[]
  readonly vars: Readonly<Record<string, string>>
  /** The unit of locking. */
  readonly system: SystemDecl
  readonly undoStore?: string
  readonly targets: Readonly<Record<string, TargetDecl>>
  readonly probes: Readonly<Record<string, ProbeDecl>>
  readonly steadyState: SteadyState
  readonly signals: Readonly<Record<string, SignalDecl>>
  readonly ledgers: Readonly<Record<string, LedgerDecl>>
  readonly load?: LoadDecl
  readonly faults: readonly FaultDecl[]
  readonly actions: readonly ActionDecl[]
  readonly redundancy?: Redundancy
  readonly failback?: Failback
  readonly objectives: Objectives
  readonly guardrails: readonly Guardrail[]
  readonly windows: readonly Window[]
  readonly limits: Limits
  readonly notify: Notify
  /** A file or URL polled all along: the file exists, or the URL does not answer 2xx: abort. */
  readonly killSwitch?: { readonly file: string } | { readonly url: string }
  /** Every random pick comes from it; recorded. */
  readonly seed: number
}

export type SystemDecl = { readonly name: string } | { readonly sandbox: string; readonly options: JsonObject }

export interface TargetDecl {
  readonly name: string
  /** The platform's registry name: the key under which the selector stood. */
  readonly platform: string
  readonly selector: Json
  readonly pick?: { readonly count: number } | { readonly share: Ratio }
}

export interface ProbeDecl {
  readonly name: string
  readonly kind: string
  readonly spec: Json
  readonly expect: Json
  readonly every: Seconds
  /** The latency bound, else the interval. */
  readonly timeout: Seconds
  /** `control`: when it fails, it is the observer's own trouble. */
  readonly role: 'client' | 'control'
}

export interface SteadyState {
  readonly probes: readonly string[]
  readonly hold: Seconds
  /** Share of good samples that counts as steady. */
  readonly good: Ratio
}

/** D1 platform signal, D2 alert firing, D3 page, D4 acknowledgement. */
export type Stage = 'D1' | 'D2' | 'D3' | 'D4'

export interface SignalDecl {
  readonly name: string
  readonly kind: string
  readonly spec: Json
  readonly stage: Stage
  readonly every: Seconds
}

export interface LedgerDecl {
  readonly name: string
  readonly kind: string
  readonly spec: Json
  readonly rate: Rate
  /** After this a write's outcome is unknown (`info`). */
  readonly timeout: Seconds
}

export interface LoadDecl {
  readonly kind: string
  readonly spec: Json
  readonly rate: Rate
  /** Until the full rate is reached; excluded from the baseline. */
  readonly ramp: Seconds
}

export interface FaultDecl {
  readonly name: string
  /** Registry kind, such as `process/kill`. */
  readonly fault: string
  readonly spec: Json
  readonly target?: string
  /** When it begins: a time after the first injection, or after another fault or action has begun. */
  readonly when: When
  /** How long a state or an expiring fault holds. */
  readonly for?: Seconds
  readonly effect?: EffectDecl
  readonly repeat?: { readonly every: Seconds; readonly times: number }
  readonly percent?: Ratio
}

export type When = { readonly at: Seconds } | { readonly after: string; readonly delay: Seconds }

/** The proof that a fault bites, in the experiment's own words; without it the fault's own effect probe is used. */
export interface EffectDecl {
  readonly probe?: string
  readonly becomes: 'bad' | 'good'
  /** Default: 30 s, or what the fault itself needs. */
  readonly within?: Seconds
  /** Share of the targets that must be affected; default all. */
  readonly share: Ratio
}

export interface ActionDecl {
  readonly name: string
  readonly action: string
  readonly spec: Json
  readonly when: When
  readonly within: Seconds
}

export interface Redundancy {
  readonly by: { readonly probe: string } | { readonly signal: string } | { readonly ledger: string }
  readonly hold: Seconds
  readonly within: Seconds
}

export interface Failback {
  readonly when: 'undone' | 'redundancy-restored'
  readonly do: readonly ActionDecl[]
  readonly within: Seconds
}

export interface Bounds<T> {
  readonly min?: T
  readonly max?: T
}

/** What was promised. Every one that is present is judged. */
export interface Objectives {
  readonly detection?: { readonly signal: string; readonly stage: Stage; readonly within: Seconds; readonly from?: string }
  readonly rto?: {
    readonly within: Seconds
    readonly to: { readonly probe: string; readonly good: Ratio }
    readonly hold: Seconds
    /** The fault whose effect starts the clock; default the first one. */
    readonly from?: string
  }
  readonly rpo?: { readonly ledger: string; readonly lost?: number; readonly span?: Seconds }
  readonly failback?: { readonly within: Seconds }
  readonly redundancy?: { readonly within: Seconds }
  readonly budget?: {
    readonly slo: Ratio
    readonly window: Seconds
    readonly probe: string
    /** A virtual burn: the traffic that would have been there. */
    readonly traffic: Rate
    readonly spend: Ratio
  }
  readonly latency?: {
    readonly probe: string
    readonly quantile: Ratio
    readonly max: Seconds
    readonly during: 'fault' | 'recovered' | 'all'
  }
  /** Answers that came in time and were not right, during the whole drill. */
  readonly wrong?: { readonly probe: string; readonly max: number }
}

export interface Guardrail {
  readonly name: string
  readonly probe: string
  readonly keep: { readonly good?: Bounds<Ratio>; readonly latency?: { readonly quantile: Ratio; readonly max: Seconds } }
  readonly over: Seconds
  readonly noData: Seconds
}

export interface Window {
  /** 1 Monday … 7 Sunday. */
  readonly days: readonly number[]
  /** Minutes since midnight in `zone`. */
  readonly from: number
  readonly to: number
  readonly zone: string
}

export interface Limits {
  readonly targets: number
  readonly percent?: { readonly of: string; readonly max: Ratio }
  /** The whole drill, undo included. */
  readonly duration: Seconds
}

export type Notice = { readonly webhook: Secret | string } | { readonly command: readonly string[] }
export interface Notify {
  readonly start: readonly Notice[]
  readonly abort: readonly Notice[]
  readonly end: readonly Notice[]
}
