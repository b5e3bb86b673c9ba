import { hostname } from 'node:os'
import type { Context } from '../../../contracts/context.ts'
import type { LockHolder, PlatformLock } from '../../../contracts/platform.ts'
import type { Need } from '../../../contracts/preflight.ts'
import { type DrillError, refused } from '../../../domain/error.ts'
import type { JsonObject } from '../../../domain/json.ts'
import type { Target } from '../../../domain/target.ts'
import { seconds } from '../../../domain/time.ts'
import { isConflict, isGone } from '../api/api-error.ts'
import { type Cluster, type ClusterRef, reconnect } from '../api/cluster.ts'
import { KINDS } from '../api/kinds.ts'
import { escapePointer, type K8sObject } from '../api/objects.ts'
import { RUN_LABEL } from '../change/marks.ts'
import { needs } from '../rights/needs.ts'
import type { ObjectRef } from '../target/target.ts'

/** One Lease in every namespace that a drill touches: nobody else drills anything there. Objects of the cluster itself share one. */
export const LEASE = 'firedrill'
const CLUSTER_WIDE = 'kube-system'
/** Not renewed for so long, its drill is over or dead. */
const VALID = 15
const EVERY = seconds(4)
const SYSTEM_ANNOTATION = 'firedrill/system'
/** Why the holder shall stop, put there by whoever wants it to. */
const STOP_ANNOTATION = 'firedrill/stop'

type Place = { readonly cluster: ClusterRef; readonly namespace: string }

const placesOf = (targets: readonly Target[]): readonly Place[] => {
  const all = targets.map(({ data }) => {
    const { cluster, namespace, kind, name } = data as unknown as ObjectRef
    return { cluster, namespace: namespace ?? (kind === 'namespace' ? name : CLUSTER_WIDE) }
  })
  const distinct = new Map(all.map((place) => [`${place.cluster.uid ?? place.cluster.server}/${place.namespace}`, place]))
  // In one order everywhere: two drills that want the same ones do not both fail.
  return [...distinct].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, place]) => place)
}

export const lockNeeds = (targets: readonly Target[]): readonly Need[] =>
  placesOf(targets).flatMap(({ cluster, namespace }) => [
    ...needs(['create'], { cluster, kind: KINDS.lease, namespace }),
    ...needs(['get', 'update', 'delete'], { cluster, kind: KINDS.lease, namespace, name: LEASE }),
  ])

/** `2026-11-27T09:00:00.123000Z`: what the API calls a MicroTime. */
export const microTime = (wall: number): string => new Date(wall * 1000).toISOString().replace('Z', '000Z')

const holderOf = (run: string): string => `${run}/${hostname()}`

const leaseSpec = (lease: K8sObject) =>
  (lease.spec ?? {}) as { readonly holderIdentity?: string; readonly renewTime?: string; readonly leaseDurationSeconds?: number }

/** Seconds by which a Lease is still valid on the server's own clock; negative: it is over. */
export async function leftOf(lease: K8sObject, cluster: Cluster, context: Context): Promise<number> {
  const { renewTime, leaseDurationSeconds = VALID, holderIdentity } = leaseSpec(lease)
  if (holderIdentity === undefined || holderIdentity === '' || renewTime === undefined) return Number.NEGATIVE_INFINITY
  const { lo } = await cluster.offset(context)
  return Date.parse(renewTime) / 1000 + leaseDurationSeconds - (context.clock.wall() + lo)
}

async function renewedSpec(run: string, cluster: Cluster, context: Context): Promise<JsonObject> {
  const { lo } = await cluster.offset(context)
  return { holderIdentity: holderOf(run), leaseDurationSeconds: VALID, renewTime: microTime(context.clock.wall() + lo) }
}

/** Takes the Lease, or renews it if it is this run's; answers why it shall stop, if it shall. Rejects with LOCKED when another drill has it. */
async function take({ cluster: ref, namespace }: Place, { run, system }: LockHolder, context: Context): Promise<string | undefined> {
  const cluster = await reconnect(ref, context)
  for (;;) {
    const there = await cluster.find(KINDS.lease, namespace, LEASE, context)
    const spec = await renewedSpec(run, cluster, context)
    const mine = there !== undefined && leaseSpec(there).holderIdentity === holderOf(run)
    const stop = mine ? there.metadata.annotations?.[STOP_ANNOTATION] : undefined
    const annotations = { [SYSTEM_ANNOTATION]: system, ...(stop !== undefined && { [STOP_ANNOTATION]: stop }) }
    const metadata = { name: LEASE, labels: { [RUN_LABEL]: run }, annotations }
    try {
      if (!there) {
        await cluster.create(KINDS.lease, namespace, { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata, spec }, context)
        return undefined
      }
      if (!mine && (await leftOf(there, cluster, context)) > 0) throw locked(namespace, there)
      const { resourceVersion, uid } = there.metadata
      await cluster.replace(
        KINDS.lease,
        namespace,
        LEASE,
        { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata: { ...metadata, namespace, resourceVersion, uid }, spec },
        context,
      )
      return stop
    } catch (error) {
      if (!isConflict(error) && !isGone(error)) throw error
      // Somebody was faster: look again.
      context.signal.throwIfAborted()
    }
  }
}

function locked(namespace: string, lease: K8sObject): DrillError {
  const { metadata } = lease
  const run = metadata.labels?.[RUN_LABEL] ?? '?'
  return refused(
    `namespace ${namespace} is being drilled by the run ${run} (${leaseSpec(lease).holderIdentity ?? '?'}, system ${metadata.annotations?.[SYSTEM_ANNOTATION] ?? '?'})`,
    'LOCKED',
    [`firedrill stop ${run}`, `kubectl -n ${namespace} get lease ${LEASE} -o yaml`],
  )
}

async function letGo({ cluster: ref, namespace }: Place, run: string, context: Context): Promise<void> {
  const cluster = await reconnect(ref, context)
  const there = await cluster.find(KINDS.lease, namespace, LEASE, context)
  if (there && there.metadata.labels?.[RUN_LABEL] === run)
    await cluster.remove(KINDS.lease, namespace, LEASE, { uid: there.metadata.uid }, context).catch((error: unknown) => {
      if (!isConflict(error)) throw error
    })
}

export async function lock(targets: readonly Target[], holder: LockHolder, context: Context): Promise<PlatformLock> {
  const places = placesOf(targets)
  const taken: Place[] = []
  // Letting go must not be cut off by what made the drill stop.
  const ending = (): Context => ({ ...context, signal: AbortSignal.timeout(10_000) })
  const release = async (): Promise<void> => {
    for (const place of taken.splice(0).toReversed()) await letGo(place, holder.run, ending())
  }
  try {
    for (const place of places) {
      await take(place, holder, context)
      taken.push(place)
    }
  } catch (error) {
    await release().catch(() => undefined)
    throw error
  }
  let renewed = context.clock.now()
  return {
    what: places.map(({ namespace }) => `namespace ${namespace}`),
    handle: { places },
    every: EVERY,
    renew: async (signal) => {
      try {
        const asked: (string | undefined)[] = []
        for (const place of places) asked.push(await take(place, holder, { ...context, signal }))
        renewed = context.clock.now()
        return asked.find((why) => why !== undefined)
      } catch (error) {
        // A server that does not answer has not given the Lease to anybody else either, as long as it is valid.
        if (isLocked(error) || context.clock.now() - renewed > VALID) throw error
        return undefined
      }
    },
    release,
  }
}

const isLocked = (error: unknown): boolean => error instanceof Error && 'code' in error && error.code === 'LOCKED'

export async function unlock(handle: JsonObject, run: string, context: Context): Promise<void> {
  for (const place of handle['places'] as unknown as readonly Place[]) await letGo(place, run, context)
}

/** Locks of firedrill alone: a fault may mark Leases of others. */
const lockLeases = (cluster: Cluster, run: string | undefined, context: Context): Promise<readonly K8sObject[]> =>
  cluster.list(KINDS.lease, { labels: run === undefined ? RUN_LABEL : `${RUN_LABEL}=${run}`, fields: `metadata.name=${LEASE}` }, context)

async function renewedLeases(cluster: Cluster, run: string | undefined, context: Context): Promise<readonly K8sObject[]> {
  const leases = await lockLeases(cluster, run, context)
  const left = await Promise.all(leases.map((lease) => leftOf(lease, cluster, context)))
  return leases.filter((_, index) => (left[index] ?? 0) > 0)
}

/** Whether any of the run's Leases is still renewed. */
export const isHeld = async (cluster: Cluster, run: string, context: Context): Promise<boolean> =>
  (await renewedLeases(cluster, run, context)).length > 0

/** Every run that renews a Lease now. */
export async function holders(cluster: Cluster, context: Context): Promise<readonly LockHolder[]> {
  const found = (await renewedLeases(cluster, undefined, context)).map(({ metadata: { labels, annotations } }) => ({
    run: labels?.[RUN_LABEL] ?? '',
    system: annotations?.[SYSTEM_ANNOTATION] ?? '',
  }))
  return [...new Map(found.map((holder) => [holder.run, holder])).values()]
}

/** Writes on the run's Leases that it shall stop, which it reads at its next renewal. False when nobody renews them. */
export async function askToStop(cluster: Cluster, run: string, why: string, context: Context): Promise<boolean> {
  const leases = await renewedLeases(cluster, run, context)
  for (const { metadata } of leases)
    await cluster.patch(
      KINDS.lease,
      metadata.namespace,
      LEASE,
      [
        { op: 'test', path: `/metadata/labels/${escapePointer(RUN_LABEL)}`, value: run },
        { op: 'add', path: `/metadata/annotations/${escapePointer(STOP_ANNOTATION)}`, value: why },
      ],
      context,
    )
  return leases.length > 0
}

/** Removes the run's Leases that nobody renews any more. */
export async function releaseAll(cluster: Cluster, run: string, context: Context): Promise<void> {
  for (const lease of await lockLeases(cluster, run, context))
    if ((await leftOf(lease, cluster, context)) <= 0)
      await cluster.remove(KINDS.lease, lease.metadata.namespace, LEASE, { uid: lease.metadata.uid }, context).catch((error: unknown) => {
        if (!isConflict(error)) throw error
      })
}
