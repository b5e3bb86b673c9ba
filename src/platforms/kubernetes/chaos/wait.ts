import type { Context } from '../../../contracts/context.ts'
import { DrillError } from '../../../domain/error.ts'
import { formatDuration, seconds } from '../../../domain/time.ts'
import { EXIT } from '../../../domain/verdict.ts'
import { reconnect } from '../api/cluster.ts'
import { KINDS, kubectlKind } from '../api/kinds.ts'
import type { CreatedUndo } from '../change/created.ts'
import { kubectl } from '../change/kubectl.ts'
import { RUN_LABEL } from '../change/marks.ts'
import { follow } from '../effect/shared-watch.ts'
import { type ChaosSeen, readChaos } from './status.ts'

/** What Chaos Mesh may take until everything is injected; it takes about a second. Its own duration runs meanwhile. */
export const INJECTION = seconds(15)

/** Where a chaos object is. */
export type ChaosPlace = CreatedUndo

/**
 * Follows the object's status until it says that everything is injected; resolves with the last that was seen when the signal aborts, or
 * with undefined when there never was any such object. All of a run in one namespace are one watch.
 */
export async function untilInjected(place: ChaosPlace, context: Context): Promise<ChaosSeen | undefined> {
  const cluster = await reconnect(place.cluster, context)
  return new Promise((resolve) => {
    const own = new AbortController()
    const signal = AbortSignal.any([context.signal, own.signal])
    let last: ChaosSeen | undefined
    const done = (): void => {
      resolve(last)
      own.abort()
    }
    context.signal.addEventListener('abort', done, { once: true })
    own.signal.addEventListener('abort', () => context.signal.removeEventListener('abort', done), { once: true })
    follow(
      cluster,
      KINDS[place.kind],
      { namespace: place.namespace ?? undefined, labels: `${RUN_LABEL}=${context.run}` },
      ({ objects }) => {
        const object = objects.values().find(({ metadata }) => metadata.name === place.name)
        if (!object) return
        last = readChaos(object)
        if (last.injected) done()
      },
      { ...context, signal },
    )
    if (context.signal.aborted) done()
  })
}

/** Resolves when Chaos Mesh says that all of it is injected. Rejects with a DrillError that says why not after `INJECTION`. */
export async function injected(place: ChaosPlace, context: Context): Promise<void> {
  const seen = await untilInjected(place, { ...context, signal: AbortSignal.any([context.signal, AbortSignal.timeout(INJECTION * 1000)]) })
  context.signal.throwIfAborted()
  if (seen?.injected) return
  const kind = KINDS[place.kind]
  throw new DrillError(`Chaos Mesh did not inject ${kind.kind} ${place.name} within ${formatDuration(INJECTION)}: ${whyNot(seen)}`, {
    code: 'CHAOS_NOT_INJECTED',
    exit: EXIT.aborted,
    next: [kubectl(place.cluster, place.namespace, 'describe', kubectlKind(kind), place.name)],
  })
}

function whyNot(seen: ChaosSeen | undefined): string {
  if (!seen) return 'nothing was heard about it, though it was created'
  const { selected, failures, injectedRecords, records } = seen
  if (failures.length > 0) return failures.join('; ')
  if (!selected)
    return (
      'it selected no pod, and would go on like this for ever. Its controller may not be running, may be held to another namespace, or may ' +
      'filter namespaces (then the namespace needs the annotation chaos-mesh.org/inject=enabled)'
    )
  return `${injectedRecords} of ${records.length} are injected, and it does not say why the others are not`
}
