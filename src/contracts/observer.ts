import type { Guardrail, LoadDecl, ProbeDecl, SignalDecl } from '../domain/experiment.ts'
import type { Interval } from '../domain/interval.ts'
import type { Json } from '../domain/json.ts'
import type { SampleBlock } from '../domain/sample.ts'
import type { Seconds } from '../domain/time.ts'
import type { SignalSeen } from './signal.ts'

/** What the observer's thread is told. Everything in it survives a structured clone. */
export interface ObserverPlan {
  readonly run: string
  /** The drill's folder: `samples/<probe>.csv` are written there. */
  readonly out: string
  /** The experiment's folder, for relative paths. */
  readonly folder: string
  /** CLOCK_MONOTONIC nanoseconds at drill time 0. */
  readonly monotonic: bigint
  readonly lease: { readonly file: string; readonly epoch: number }
  readonly env: Readonly<Record<string, string | undefined>>
  readonly probes: readonly ProbeDecl[]
  readonly signals: readonly SignalDecl[]
  readonly guardrails: readonly Guardrail[]
  /** Only a load that runs on the thread. */
  readonly load: LoadDecl | null
  readonly limit: Seconds
}

export interface Breach {
  readonly guardrail: string
  readonly why: 'breach' | 'no-data'
  readonly at: Interval
  readonly detail: string
}

export interface ObserverEvents {
  /** Batches of at most 50 ms, in order of completion. */
  samples(probe: string, block: SampleBlock): void
  signal(name: string, seen: SignalSeen): void
  /** At most once per guardrail; only while armed. */
  breach(breach: Breach): void
  loadFull(): void
  /** `early`: nobody had asked it to. */
  loadEnded(end: { readonly ok: boolean; readonly detail: Json; readonly early?: boolean }): void
  note(text: string): void
  /** The thread died, or has not been heard of for a second: nobody is watching. */
  lost(why: string): void
}

export interface ObserverSummary {
  /** Start minus schedule, seconds, per probe. */
  readonly slip: Readonly<Record<string, { readonly p50: number; readonly p99: number }>>
}

/** Probes, signals, guardrails and the built-in load, on a thread of their own. */
export interface Observer {
  /** Guardrails count from here on. */
  arm(): void
  disarm(): void
  /** Everything sampled so far is on disk when it resolves. */
  flush(): Promise<void>
  stopLoad(): Promise<void>
  stop(): Promise<ObserverSummary>
}

/** Resolves when every session is open and the first schedule runs; rejects with a DrillError when something cannot start. */
export type StartObserver = (plan: ObserverPlan, events: ObserverEvents) => Promise<Observer>
