import type { Stage } from './experiment.ts'
import type { Interval } from './interval.ts'
import type { Json, JsonObject } from './json.ts'
import type { Target } from './target.ts'
import type { UndoRecord, UndoState } from './undo.ts'
import type { DrillVerdict } from './verdict.ts'

/** The life of a drill, in order. */
export const PHASES = ['start', 'baseline', 'inject', 'observe', 'undo', 'failback', 'verify', 'seal'] as const
export type Phase = (typeof PHASES)[number]

/** Why a drill was cut short; the first cause wins. */
export type AbortCause =
  | 'interrupt'
  | 'stop'
  | 'guardrail'
  | 'observer-lost'
  | 'kill-switch'
  | 'time-limit'
  | 'clock'
  | 'lease-lost'
  | 'engine-died'
  | 'error'

/** Ledger reads: with the fault still in place (twice), and after failback. */
export type ReadWhen = 'during' | 'during-again' | 'after'

/**
 * What happened, one entry a line of the journal. `at` (in the entry around it) is when it was written; intervals inside are when it was true.
 * All times are seconds on the drill's monotonic clock unless a name says `wall`.
 */
export type DrillEvent =
  | {
      readonly kind: 'drill.opened'
      readonly run: string
      readonly version: string
      readonly title: string
      readonly experiment: { readonly file: string; readonly sha256: string }
      readonly plan: { readonly hash: string }
      /** Wall clock at drill time 0, ISO 8601. */
      readonly origin: string
      /** CLOCK_MONOTONIC in nanoseconds at drill time 0, as text: other processes of this boot place themselves by it. */
      readonly monotonic: string
      readonly boot: string
      readonly environment: JsonObject
      readonly seed: number
    }
  | { readonly kind: 'phase'; readonly phase: Phase }
  | { readonly kind: 'gate'; readonly held: boolean; readonly why: string }
  | { readonly kind: 'load.full' }
  /** Synced before the mutation it announces. */
  | {
      readonly kind: 'fault.intent'
      readonly fault: string
      readonly occurrence: number
      readonly target: Target
      readonly call: string
      readonly undo: UndoRecord | null
    }
  /** The call's send and its confirmation. */
  | {
      readonly kind: 'fault.injected'
      readonly fault: string
      readonly occurrence: number
      readonly target: string
      readonly call: Interval
    }
  | {
      readonly kind: 'fault.failed'
      readonly fault: string
      readonly occurrence: number
      readonly target: string
      readonly why: string
      readonly maybeInjected: boolean
    }
  | {
      readonly kind: 'effect'
      readonly fault: string
      readonly occurrence: number
      /** null: of the whole fault (a probe of the experiment's own, a share). */
      readonly target: string | null
      readonly proven: boolean
      readonly level: 'data' | 'control'
      /** (last observation without, first with]; null when it was not proven. */
      readonly at: Interval | null
      readonly how: string
    }
  | { readonly kind: 'effect.partial'; readonly fault: string; readonly affected: number; readonly of: number; readonly needed: number }
  /** The time of a state or expiring fault is over, or everything could be judged, or the drill was aborted. */
  | {
      readonly kind: 'fault.ending'
      readonly fault: string
      readonly occurrence: number
      readonly why: 'time' | 'judged' | 'abort' | 'no-effect'
    }
  | { readonly kind: 'action.began'; readonly action: string; readonly call: string }
  | { readonly kind: 'action.ended'; readonly action: string; readonly ok: boolean; readonly detail: string }
  | {
      readonly kind: 'signal'
      readonly signal: string
      readonly stage: Stage
      readonly state: 'quiet' | 'firing' | 'unknown'
      readonly at: Interval
      readonly detail: string
    }
  | {
      readonly kind: 'guardrail'
      readonly guardrail: string
      readonly why: 'breach' | 'no-data'
      readonly breachedAt: Interval
      readonly detail: string
    }
  | { readonly kind: 'abort'; readonly cause: AbortCause; readonly detail: string }
  | { readonly kind: 'judgeable'; readonly detail: string }
  | { readonly kind: 'undo.began'; readonly undo: string }
  | {
      readonly kind: 'undo.ended'
      readonly undo: string
      readonly fault: string
      readonly target: string
      readonly state: UndoState
      readonly verified: boolean
      readonly at: Interval
      readonly detail: string
      readonly command: string
    }
  /** What shows the spare. Restored without a time: it was never seen gone. */
  | { readonly kind: 'redundancy'; readonly restored: boolean; readonly at: Interval | null; readonly by: string; readonly detail: string }
  /** A ledger was read; the set itself is in `file`, relative to the folder. */
  | {
      readonly kind: 'ledger.read'
      readonly ledger: string
      readonly when: ReadWhen
      readonly node: string
      /** What `write` reaches and is not in recovery. Two of them are a split brain. */
      readonly authority: boolean
      readonly file: string | null
      readonly rows: number | null
      readonly at: Interval
      readonly detail: string
    }
  | { readonly kind: 'ledger.epoch'; readonly ledger: string; readonly node: string; readonly at: Interval }
  | { readonly kind: 'left-behind'; readonly what: string; readonly where: string }
  | { readonly kind: 'lease.taken'; readonly by: string; readonly epoch: number; readonly why: string }
  | { readonly kind: 'clock.stepped'; readonly by: number }
  | { readonly kind: 'finding'; readonly id: string; readonly severity: Severity; readonly text: string }
  | { readonly kind: 'note'; readonly text: string; readonly data?: Json }
  | {
      readonly kind: 'drill.closed'
      readonly verdict: DrillVerdict
      readonly exit: number
      readonly reason: string /** Wall clock at the end, ISO 8601. */
      readonly end: string /** Wall minus monotonic since the opening, seconds. */
      readonly drift: number
    }

export type Severity = 'info' | 'low' | 'medium' | 'high'

/** One line of `journal.ndjson`: hash-chained, so that an entry that was changed, dropped or reordered shows. */
export interface JournalEntry {
  readonly seq: number
  /** Seconds on the drill's clock when the entry was written. */
  readonly at: number
  /** SHA-256 of the previous line's bytes, without its line end; of the first line, 64 zeros. */
  readonly prev: string
  readonly event: DrillEvent
}

export type EventOf<K extends DrillEvent['kind']> = Extract<DrillEvent, { kind: K }>
