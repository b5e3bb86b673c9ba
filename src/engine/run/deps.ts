import type { LedgerTally, StartKeeper } from '../../contracts/keeper.ts'
import type { StartObserver } from '../../contracts/observer.ts'
import type { Registry } from '../../contracts/registry.ts'
import type { JournalEntry } from '../../domain/event.ts'
import type { Json, JsonObject } from '../../domain/json.ts'
import type { DrillRecord } from '../../domain/record.ts'
import type { SampleBlock } from '../../domain/sample.ts'

/** The process that undoes when this one cannot. */
export interface Guard {
  /** Resolves when a living one is watching; rejects when none can be kept alive. */
  ready(): Promise<void>
  end(): Promise<void>
}

/** What a drill needs of the world around it. */
export interface EngineDeps {
  readonly registry: Registry
  readonly run: string
  /** CLOCK_MONOTONIC nanoseconds at drill time 0. */
  readonly monotonic: bigint
  readonly home: string
  /** The drill's folder, absolute; it must not hold a journal yet. */
  readonly out: string
  /** The experiment's file, absolute, and its text as it was read. */
  readonly source: { readonly file: string; readonly folder: string; readonly text: string }
  readonly env: Readonly<Record<string, string | undefined>>
  readonly environment: JsonObject
  readonly sandbox?: { readonly system: string; readonly handle: JsonObject }
  readonly startObserver: StartObserver
  readonly startKeeper: StartKeeper
  /** Resolves when it is ready to undo; `end` tells it that everything was done in order. */
  readonly startWatchdog: (onDeath: (why: string) => void) => Promise<Guard>
  /** Measures the folder as it is. */
  readonly judge: () => DrillRecord
  /** Measures the folder with its closed journal and writes the reports. */
  readonly report: () => DrillRecord
  readonly notify: (when: 'start' | 'abort' | 'end', payload: Json) => Promise<readonly string[]>
  /** A person's wish to stop; its reason is one sentence. */
  readonly interrupt: AbortSignal
  readonly hooks: EngineHooks
}

export interface EngineHooks {
  readonly onEntry?: (entry: JournalEntry) => void
  readonly onSamples?: (probe: string, block: SampleBlock) => void
  readonly onTally?: (tally: LedgerTally) => void
  readonly onNote?: (text: string) => void
}
