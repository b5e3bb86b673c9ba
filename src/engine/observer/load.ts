import { join } from 'node:path'
import type { Context } from '../../contracts/context.ts'
import type { Load, LoadInput, LoadSession } from '../../contracts/load.ts'
import { describe } from '../../domain/error.ts'
import type { LoadDecl } from '../../domain/experiment.ts'
import type { Json, JsonObject } from '../../domain/json.ts'
import { createRecorder, type Recorder } from './recorder.ts'
import { createSampleFile } from './sample-file.ts'

/** A load that runs: on the observer's thread, or as a process of its own. */
export interface RunningLoad {
  readonly recorder: Recorder
  /** Resolves when it has ended and its samples are on disk. */
  stop(): Promise<void>
}

export interface LoadEnd {
  readonly ok: boolean
  readonly detail: Json
  /** Nobody had asked it to stop. */
  readonly early: boolean
}

export interface LoadHooks {
  /** The ramp is over. */
  full(): void
  ended(end: LoadEnd): void
  /** It failed under way, or its samples cannot be written any more. */
  lost(why: string): void
}

const FLUSH = 100

/** Starts `load` with its samples in `<out>/samples/load.csv`. Rejects with a DrillError when it cannot start. */
export async function startLoad(
  load: Load,
  decl: LoadDecl,
  at: { readonly out: string } & Pick<LoadInput<Json>, 'limit' | 'leaves'>,
  context: Context,
  hooks: LoadHooks,
): Promise<RunningLoad> {
  const file = await createSampleFile(join(at.out, 'samples', 'load.csv'))
  const recorder = createRecorder(file, false)
  const flushing = setInterval(() => {
    file.flush().catch((error: unknown) => hooks.lost(`the load's samples cannot be written: ${describe(error)}`))
  }, FLUSH)
  let session: LoadSession
  try {
    const { spec, rate, ramp } = decl
    const leaves = at.leaves && { leaves: at.leaves }
    session = await load.start({ spec, rate, ramp, limit: at.limit, samples: (block) => recorder.block(block), ...leaves }, context)
  } catch (error) {
    clearInterval(flushing)
    await file.close()
    throw error
  }
  const full = setTimeout(() => hooks.full(), decl.ramp * 1000)
  let stopping = false
  const over = session.ended.then(async ({ ok, detail }) => {
    const early = !stopping
    clearTimeout(full)
    clearInterval(flushing)
    await file.close()
    hooks.ended({ ok, detail, early })
    if (early && !ok) hooks.lost(`the load ended: ${sayEnd(detail)}`)
  })
  over.catch((error: unknown) => hooks.lost(`the load's samples cannot be written: ${describe(error)}`))
  return {
    recorder,
    async stop() {
      stopping = true
      await session.stop()
      await over
    },
  }
}

/** What an engine says about its own end, in its own words. */
export function sayEnd(detail: Json): string {
  const { meaning, error } = (typeof detail === 'object' && detail !== null && !Array.isArray(detail) ? detail : {}) as JsonObject
  return [meaning, error].flatMap((word) => (typeof word === 'string' && word !== '' ? [word] : [])).join(': ') || 'it does not say why'
}
