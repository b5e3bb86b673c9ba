import type { Severity } from './event.ts'
import type { Interval } from './interval.ts'
import type { Json, JsonObject } from './json.ts'
import type { UndoState } from './undo.ts'
import type { DrillVerdict, Verdict } from './verdict.ts'

/** Which end of an interval is a bound and no measurement. `right`: the truth is at least lo; hi is null. */
export type Censored = 'left' | 'right' | 'interval'

/** A number that was measured: an interval, its unit, how it was got, and whether it is cut off. */
export interface Measure {
  /** null when nothing is known below. */
  readonly lo: number | null
  /** null when nothing is known above (right-censored). */
  readonly hi: number | null
  readonly unit: string
  readonly censored: Censored | null
  readonly method: string
  /** What the width comes from, such as `probe interval 0.1 s + latency`. */
  readonly resolution?: string
  readonly samples?: number
  readonly missed?: number
}

/** A measure that could not be taken says why; it is never 0. */
export interface NotMeasured {
  readonly lo: null
  readonly hi: null
  readonly unit: string
  readonly reason: string
}
export type Measured = Measure | NotMeasured

export interface ObjectiveResult {
  readonly name: string
  readonly target: { readonly op: '<=' | '>='; readonly value: number; readonly unit: string }
  readonly measured: Measured
  readonly verdict: Verdict
  readonly reason: string
}

export interface FaultResult {
  readonly name: string
  readonly fault: string
  readonly kind: 'state' | 'event' | 'expiring'
  readonly targets: readonly string[]
  readonly injected: Interval | null
  readonly effect: {
    readonly proven: boolean
    readonly level: 'data' | 'control' | null
    readonly at: Interval | null
    readonly how: string
    readonly perTarget: readonly { readonly target: string; readonly at: Interval | null; readonly how: string }[]
  }
  readonly undo: {
    readonly state: UndoState
    readonly verified: boolean
    /** When the last target was back, drill clock; null when nothing was undone. */
    readonly at: number | null
    readonly perTarget: readonly {
      readonly target: string
      readonly state: UndoState
      readonly verified: boolean
      readonly at: Interval | null
      readonly detail: string
      readonly command: string
    }[]
  }
}

export interface Finding {
  readonly id: string
  readonly severity: Severity
  readonly text: string
}

/** Latency of one probe in one phase, seconds, from the scheduled start (so that waiting counts). */
export interface LatencyRow {
  readonly probe: string
  readonly phase: 'baseline' | 'fault' | 'recovered' | 'after'
  readonly count: number
  readonly p50: number
  readonly p90: number
  readonly p99: number
  readonly max: number
}

/** Shares of all judged samples of a probe in a phase; they add up to 1. `missed` and `unknown` are counted beside. */
export interface DegradedRow {
  readonly probe: string
  readonly phase: 'baseline' | 'fault' | 'recovered' | 'after'
  readonly count: number
  readonly full: number
  readonly degraded: number
  readonly stale: number
  readonly wrong: number
  readonly failed: number
  readonly missed: number
  readonly unknown: number
}

/** The classes of Jepsen's set checker over one read of a ledger: how many records are in each. */
export interface SetClasses {
  readonly attempts: number
  readonly acknowledged: number
  readonly refused: number
  readonly indeterminate: number
  /** Acknowledged and not there. */
  readonly lost: number
  /** Not acknowledged and there. */
  readonly recovered: number
  /** There and never attempted. */
  readonly unexpected: number
  readonly duplicated: number
  /** Refused for good and there all the same. */
  readonly refusedButPresent: number
  /** Runs of lost writes with surviving ones after them, per writer. */
  readonly holes: number
}

export interface LedgerResult extends SetClasses {
  readonly ledger: string
  readonly when: string
  readonly authority: string | null
  readonly splitBrainAcks: number
  readonly valid: Verdict
}

/** One outage of the service as a probe saw it. */
export interface Outage {
  readonly probe: string
  readonly onset: Interval
  /** null: not over when the watching ended. */
  readonly end: Interval | null
}

export interface Measures {
  readonly detection: Readonly<Record<string, Measured>>
  readonly rta: {
    readonly incident: Measured
    readonly impact: Measured
    readonly first: Measured
    readonly relapses: number | null
    readonly from: string | null
    readonly notes: readonly string[]
  }
  readonly rpa: {
    readonly lost: Measured
    readonly span: Measured
    readonly lossBound: number | null
    readonly ledgers: readonly LedgerResult[]
  }
  readonly failback: { readonly time: Measured; readonly bad: Measured; readonly redundancy: Measured; readonly metastable: Verdict }
  readonly degraded: readonly DegradedRow[]
  readonly latency: readonly LatencyRow[]
  readonly outages: readonly Outage[]
  readonly budget: {
    readonly before: Measured
    readonly during: Measured
    readonly after: Measured
    readonly spend: Measured
    readonly virtual: boolean
  } | null
}

/** `report.json`: what scripts rely on. Times in seconds on the drill's clock. */
export interface DrillRecord {
  readonly firedrill: 1
  readonly run: string
  readonly experiment: {
    readonly title: string
    readonly file: string
    readonly sha256: string
    readonly hypothesis?: string
    readonly mechanisms: readonly string[]
    readonly controls: readonly string[]
  }
  readonly plan: { readonly hash: string }
  readonly verdict: DrillVerdict
  readonly exit: number
  /** One sentence, always. */
  readonly reason: string
  readonly faults: readonly FaultResult[]
  readonly objectives: readonly ObjectiveResult[]
  readonly measures: Measures
  readonly findings: readonly Finding[]
  readonly phases: readonly { readonly phase: string; readonly from: number; readonly to: number | null }[]
  readonly probes: readonly {
    readonly name: string
    readonly kind: string
    readonly every: number
    readonly samples: number
    readonly missed: number
    readonly unknown: number
    readonly slip: { readonly p50: number; readonly p99: number } | null
  }[]
  readonly load: { readonly kind: string; readonly detail: Json } | null
  readonly environment: JsonObject
  readonly clock: {
    readonly origin: string
    readonly end: string | null
    readonly boot: string /** Seconds: wall against monotonic over the drill. */
    readonly error: number | null
    readonly unit: 's'
  }
}
