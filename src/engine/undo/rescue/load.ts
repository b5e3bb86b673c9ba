import { describe } from '../../../domain/error.ts'
import type { EventOf } from '../../../domain/event.ts'
import type { Bench, RescueDeps } from './bench.ts'

/** An API server that does not answer keeps nothing else from being put back. Milliseconds. */
const PATIENCE = 20_000

/** Puts away what the drill's load made outside of this machine; undefined: nothing of it is left. Idempotent, never rejects. */
export async function putAwayLoad({ info, context }: Bench, { registry, log }: RescueDeps): Promise<EventOf<'left-behind'> | undefined> {
  const { load } = info
  if (!load) return undefined
  const { kind, handle, what, where, command } = load
  try {
    const known = registry.loads.get(kind)
    if (!known?.cleanUp) throw new Error(`no load ${kind} that could do it is known`)
    await known.cleanUp(handle, { ...context, signal: AbortSignal.timeout(PATIENCE) })
    log(`${what}: put away`)
    return undefined
  } catch (error) {
    log(`${what} cannot be put away: ${describe(error)}; ${command}`)
    return { kind: 'left-behind', what: `${what} (${describe(error)}): ${command}`, where }
  }
}
