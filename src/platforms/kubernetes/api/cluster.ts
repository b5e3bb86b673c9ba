import type { Context } from '../../../contracts/context.ts'
import { refused } from '../../../domain/error.ts'
import type { Interval } from '../../../domain/interval.ts'
import type { JsonObject } from '../../../domain/json.ts'
import { type Access, type ClusterName, openAccess } from './access.ts'
import { isConflict, isExpired, isForbidden, isGone, isUnclear } from './api-error.ts'
import { collectionPath, KINDS, type Kind, objectPath } from './kinds.ts'
import type { K8sList, K8sObject, PatchStep } from './objects.ts'
import { type Ask, send } from './request.ts'
import { createServerClock, type ServerClock } from './server-clock.ts'

/** A cluster as records and targets name it: enough to find it again from this machine. Never a credential. */
export type ClusterRef = {
  readonly kubeconfig?: string
  readonly context: string
  readonly server: string
  /** Of its kube-system namespace: the same whatever the context is called; null where that may not be read. */
  readonly uid: string | null
}

export interface ListQuery {
  readonly namespace?: string | undefined
  readonly labels?: string | undefined
  readonly fields?: string | undefined
}

/** One API server, asked as JSON: no typed model stands between, so no field is lost. */
export interface Cluster {
  readonly name: ClusterName
  readonly access: Access
  ask(ask: Ask, context: Context): Promise<string>
  get(kind: Kind, namespace: string | undefined, name: string, context: Context): Promise<K8sObject>
  /** undefined where there is no such object. */
  find(kind: Kind, namespace: string | undefined, name: string, context: Context): Promise<K8sObject | undefined>
  /** Page by page, so that a namespace of ten thousand is never in memory at once. */
  pages(kind: Kind, query: ListQuery, context: Context): AsyncGenerator<K8sList>
  list(kind: Kind, query: ListQuery, context: Context): Promise<readonly K8sObject[]>
  create(kind: Kind, namespace: string | undefined, body: JsonObject, context: Context, dryRun?: boolean): Promise<K8sObject>
  replace(kind: Kind, namespace: string | undefined, name: string, body: unknown, context: Context): Promise<K8sObject>
  /** A JSON Patch: all of it or nothing. Guard it by `test` steps. */
  patch(kind: Kind, namespace: string | undefined, name: string, steps: readonly PatchStep[], context: Context): Promise<K8sObject>
  /** Only if it is still this one. False when it is gone already. */
  remove(kind: Kind, namespace: string | undefined, name: string, options: RemoveOptions, context: Context): Promise<boolean>
  /** Server minus this machine's wall clock, seconds. Asks if nothing was heard yet. */
  offset(context: Context): Promise<Interval>
  /** What no other cluster has, whatever the context is called; null where that may not be read. Asked once. */
  uid(context: Context): Promise<string | null>
  ref(context: Context): Promise<ClusterRef>
}

export interface RemoveOptions {
  readonly uid?: string
  readonly grace?: number
  readonly propagation?: 'Background' | 'Foreground' | 'Orphan'
}

const PAGE = 500

const open = new Map<string, Promise<Cluster>>()

/** The cluster of that name, opened once in a process: its connections and what is known of its clock are shared. */
export function connect(name: ClusterName, at: Pick<Context, 'env' | 'folder'>): Promise<Cluster> {
  const key = JSON.stringify([name.kubeconfig ?? null, name.context ?? null, at.env['KUBECONFIG'] ?? null, at.folder])
  const known = open.get(key)
  if (known) return known
  const opening = openAccess(name, at).then((access) => clusterOf(name, access))
  open.set(key, opening)
  opening.catch(() => open.delete(key))
  return opening
}

/**
 * The cluster that a target or a record names. Rejects with a DrillError (refused, OTHER_CLUSTER) when that name leads to another cluster by
 * now: what is not there would look like what is gone.
 */
export async function reconnect(ref: ClusterRef, context: Context): Promise<Cluster> {
  const { kubeconfig, context: name } = ref
  const named = { ...(kubeconfig !== undefined && { kubeconfig }), ...(name !== 'inClusterContext' && { context: name }) }
  const cluster = await connect(named, context)
  const uid = ref.uid === null ? null : await cluster.uid(context)
  if (uid !== null && uid !== ref.uid)
    throw refused(
      `The context "${cluster.access.context}" is another cluster (${cluster.access.server.origin}) than the one that was drilled (${ref.server}).`,
      'OTHER_CLUSTER',
      ['export KUBECONFIG=FILE', 'kubectl config get-contexts'],
    )
  return cluster
}

const json = <T>(text: string): T => JSON.parse(text) as T

function clusterOf(name: ClusterName, access: Access): Cluster {
  const clock: ServerClock = createServerClock()
  /** Asked once for all who want it at the same time. */
  let uid: Promise<string | null> | undefined
  const ask = async (what: Ask, context: Context): Promise<string> => (await send(access, clock, what, context)).body
  const read = async <T>(what: Ask, context: Context): Promise<T> => json<T>(await ask(what, context))
  const cluster: Cluster = {
    name,
    access,
    ask,
    get: (kind, namespace, object, context) => read({ method: 'GET', path: objectPath(kind, namespace, object) }, context),
    find: (kind, namespace, object, context) =>
      cluster.get(kind, namespace, object, context).catch((error: unknown) => {
        if (isGone(error)) return undefined
        throw error
      }),
    pages: (kind, query, context) => pages(kind, query, (what) => read<K8sList>(what, context)),
    list: async (kind, query, context) => {
      const all: K8sObject[] = []
      for await (const { items } of cluster.pages(kind, query, context)) all.push(...items)
      return all
    },
    create: (kind, namespace, body, context, dryRun) =>
      read({ method: 'POST', path: collectionPath(kind, namespace), body, query: { dryRun: dryRun ? 'All' : undefined } }, context),
    replace: (kind, namespace, object, body, context) => read({ method: 'PUT', path: objectPath(kind, namespace, object), body }, context),
    patch: (kind, namespace, object, steps, context) =>
      read(
        {
          method: 'PATCH',
          path: objectPath(kind, namespace, object),
          body: steps,
          contentType: 'application/json-patch+json',
          query: { fieldManager: 'firedrill' },
        },
        context,
      ),
    remove: (kind, namespace, object, options, context) =>
      remove(objectPath(kind, namespace, object), options, (what) => ask(what, context)),
    offset: async (context) => {
      if (!clock.offset()) await ask({ method: 'GET', path: '/version' }, context)
      return clock.offset() ?? { lo: 0, hi: 0 }
    },
    uid: async (context) => {
      try {
        uid ??= uidOf(cluster, context)
        return await uid
      } catch {
        // It may have ended with the signal of somebody else.
        uid = undefined
        return uidOf(cluster, context)
      }
    },
    ref: async (context) => ({
      ...(name.kubeconfig !== undefined && { kubeconfig: name.kubeconfig }),
      context: access.context,
      server: access.server.origin,
      uid: await cluster.uid(context),
    }),
  }
  return cluster
}

async function* pages(kind: Kind, query: ListQuery, read: (ask: Ask) => Promise<K8sList>): AsyncGenerator<K8sList> {
  const path = collectionPath(kind, query.namespace)
  let more: string | undefined
  do {
    const page = await read({
      method: 'GET',
      path,
      query: { limit: PAGE, labelSelector: query.labels, fieldSelector: query.fields, continue: more },
    }).catch((error: unknown) => {
      // The snapshot behind `continue` is compacted away after some minutes: the list would have holes from here on.
      if (isExpired(error) && more !== undefined) throw new Error(`${path} changed faster than it could be listed`, { cause: error })
      throw error
    })
    yield page
    more = page.metadata.continue === '' ? undefined : page.metadata.continue
  } while (more !== undefined)
}

async function remove(path: string, options: RemoveOptions, ask: (ask: Ask) => Promise<string>): Promise<boolean> {
  const { uid, grace, propagation } = options
  const body = {
    apiVersion: 'v1',
    kind: 'DeleteOptions',
    ...(uid !== undefined && { preconditions: { uid } }),
    ...(grace !== undefined && { gracePeriodSeconds: grace }),
    ...(propagation !== undefined && { propagationPolicy: propagation }),
  }
  const call = { method: 'DELETE', path, body } as const
  try {
    await ask(call)
    return true
  } catch (error) {
    if (isGone(error)) return false
    if (uid === undefined || !isUnclear(error)) throw error
  }
  try {
    // Nobody knows whether it arrived; with a uid it may be sent again. What is not there now went by the first one.
    await ask({ ...call, idempotent: true })
  } catch (error) {
    if (!isGone(error) && !isConflict(error)) throw error
  }
  return true
}

async function uidOf(cluster: Cluster, context: Context): Promise<string | null> {
  try {
    return (await cluster.get(KINDS.namespace, undefined, 'kube-system', context)).metadata.uid
  } catch (error) {
    if (isForbidden(error)) return null
    throw error
  }
}
