import type { Context } from '../../../contracts/context.ts'
import type { Cluster, ListQuery } from '../api/cluster.ts'
import type { Kind } from '../api/kinds.ts'
import type { K8sObject } from '../api/objects.ts'
import { type Change, watch } from '../api/watch.ts'

/** What is there as far as is known, and since when that is certain. */
export interface Seen {
  readonly objects: ReadonlyMap<string, K8sObject>
  /** The drill's clock when the last list began: what it did not show was not so then. */
  readonly listedAt: number
  /** When this state was received. */
  readonly at: number
}

interface Shared {
  readonly listeners: Set<(seen: Seen) => void>
  latest: Seen | undefined
  readonly end: AbortController
}

const all = new WeakMap<Cluster, Map<string, Shared>>()

/**
 * Tells `listener` the state now and after every change, over one watch for everybody in this process who asks for the same: a thousand
 * targets in one namespace are one stream. Ends with the context's signal.
 */
export function follow(cluster: Cluster, kind: Kind, query: ListQuery, listener: (seen: Seen) => void, context: Context): void {
  const shared = sharedOf(cluster, kind, query, context)
  shared.listeners.add(listener)
  if (shared.latest) listener(shared.latest)
  const leave = (): void => {
    shared.listeners.delete(listener)
    if (shared.listeners.size > 0) return
    shared.end.abort()
    all.get(cluster)?.delete(keyOf(kind, query))
  }
  if (context.signal.aborted) leave()
  else context.signal.addEventListener('abort', leave, { once: true })
}

const keyOf = (kind: Kind, { namespace, labels, fields }: ListQuery): string =>
  JSON.stringify([kind.group, kind.plural, namespace ?? null, labels ?? null, fields ?? null])

function sharedOf(cluster: Cluster, kind: Kind, query: ListQuery, context: Context): Shared {
  const ofCluster = all.get(cluster) ?? new Map<string, Shared>()
  all.set(cluster, ofCluster)
  const key = keyOf(kind, query)
  const known = ofCluster.get(key)
  if (known) return known
  const shared: Shared = { listeners: new Set(), latest: undefined, end: new AbortController() }
  ofCluster.set(key, shared)
  const tell = (change: Change): void => {
    shared.latest = next(shared.latest, change)
    if (shared.latest && change.type !== 'LOST') for (const listener of shared.listeners) listener(shared.latest)
  }
  watch(cluster, kind, query, tell, { ...context, signal: shared.end.signal }).catch((error: unknown) => {
    ofCluster.delete(key)
    context.note(`${kind.plural} cannot be watched: ${error instanceof Error ? error.message : String(error)}`)
  })
  return shared
}

function next(before: Seen | undefined, change: Change): Seen | undefined {
  if (change.type === 'LOST') return before
  if (change.type === 'LISTED')
    return { objects: new Map(change.objects.map((object) => [object.metadata.uid, object])), listedAt: change.at, at: change.received }
  const objects = new Map(before?.objects)
  if (change.type === 'DELETED') objects.delete(change.object.metadata.uid)
  else objects.set(change.object.metadata.uid, change.object)
  return { objects, listedAt: before?.listedAt ?? change.at, at: change.at }
}
