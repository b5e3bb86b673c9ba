import type { Json, JsonObject } from '../domain/json.ts'
import type { SampleBlock } from '../domain/sample.ts'
import type { Shape } from '../domain/shape.ts'
import type { Rate, Seconds } from '../domain/time.ts'
import type { Context } from './context.ts'
import type { Need } from './preflight.ts'

/** What a load makes outside of this machine, where it outlives this process. */
export interface LoadLeaves {
  /** Everything that `cleanUp` needs, in another process. No secrets. */
  readonly handle: JsonObject
  /** In a person's words. */
  readonly what: string
  readonly where: string
  /** What a person would type to put it away. */
  readonly command: string
}

export interface LoadSession {
  /** Resolves when the engine has ended by itself or was stopped, with what the report shows: engine, version, counts, exit code. */
  readonly ended: Promise<{ readonly ok: boolean; readonly detail: Json }>
  stop(): Promise<void>
}

export interface LoadInput<Spec> {
  readonly spec: Spec
  readonly rate: Rate
  readonly ramp: Seconds
  /** It shall not run longer than this, whatever happens. */
  readonly limit: Seconds
  /** Samples as they come; a column store of any size, never kept. */
  readonly samples: (block: SampleBlock) => void
  /** To be awaited before anything is made that outlives this process: durable when it resolves. Once in a run, of a `process` alone. */
  readonly leaves?: (made: LoadLeaves) => Promise<void>
}

/** The traffic. `thread`: it runs on the observer's thread; `process`: it spawns one and reads its stream. */
export interface Load<Spec = Json> {
  readonly name: string
  readonly summary: string
  readonly parameters: Shape<Spec>
  readonly runs: 'thread' | 'process'
  /** The rights that it uses on a platform; those that are missing refuse the plan. */
  needs?(spec: Spec): readonly Need[]
  /** Refuses what cannot run here (k6 missing), names the traps of a script. Reads only. */
  check(spec: Spec, context: Context): Promise<{ readonly engine: string; readonly warnings: readonly string[] }>
  /**
   * Puts away what a run's `leaves` named, when the process that made it is dead; only what carries the run. Idempotent. Rejects when
   * something of it is still there.
   */
  cleanUp?(handle: JsonObject, context: Context): Promise<void>
  start(input: LoadInput<Spec>, context: Context): Promise<LoadSession>
}

export const defineLoad = <Spec>(load: Load<Spec>): Load<Spec> => load
