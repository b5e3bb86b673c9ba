import type { Context } from '../../../contracts/context.ts'
import { refused } from '../../../domain/error.ts'
import { type Cluster, reconnect } from '../api/cluster.ts'
import { KINDS } from '../api/kinds.ts'
import type { K8sObject } from '../api/objects.ts'
import { readPinned } from '../change/patched.ts'
import { findOwnPod } from '../target/own-pod.ts'
import { labelOf, type ObjectRef } from '../target/target.ts'

/** A running pod that may be acted on, as far as that needs to be known. */
export interface PickedPod {
  readonly name: string
  readonly hostNetwork: boolean
}

/**
 * The pods that a target is made of right now: the pinned pod itself, or those that a workload owns. Owned, not labelled: a stranger's pod
 * may carry the same labels. Never the pod that firedrill runs in. Throws a DrillError (refused) when the target is gone, or has no pods.
 */
export async function podsOf(ref: ObjectRef, context: Context): Promise<readonly PickedPod[]> {
  const cluster = await reconnect(ref.cluster, context)
  const pinned = await readPinned(cluster, ref, context)
  const pods = ref.kind === 'pod' ? [pinned] : await ownedPods(ref, pinned, cluster, context)
  const own = await findOwnPod(cluster, context)
  const touchable = pods.filter((pod) => isRunning(pod) && !(pod.metadata.name === own?.name && pod.metadata.namespace === own.namespace))
  if (touchable.length === 0) throw refused(`${labelOf(ref)} has no running pod`, 'NO_PODS', ['firedrill plan FILE'])
  return touchable.map(({ metadata, spec }) => ({ name: metadata.name, hostNetwork: spec?.['hostNetwork'] === true }))
}

async function ownedPods(ref: ObjectRef, workload: K8sObject, cluster: Cluster, context: Context): Promise<readonly K8sObject[]> {
  const query = { namespace: ref.namespace ?? undefined, labels: labelsOf(workload) }
  const sets = ref.kind === 'deployment' ? await cluster.list(KINDS.replicaset, query, context) : []
  const owners = new Set(ref.kind === 'deployment' ? sets.filter((set) => isOwned(set, new Set([ref.uid]))).map(uidOf) : [ref.uid])
  return (await cluster.list(KINDS.pod, query, context)).filter((pod) => isOwned(pod, owners))
}

const uidOf = ({ metadata }: K8sObject): string => metadata.uid

const isOwned = ({ metadata }: K8sObject, owners: ReadonlySet<string>): boolean =>
  metadata.ownerReferences?.some(({ uid, controller }) => controller === true && owners.has(uid)) ?? false

/** Spares the server the pods that cannot be its: who owns them decides. */
function labelsOf({ spec }: K8sObject): string | undefined {
  const { matchLabels = {} } = (spec?.['selector'] ?? {}) as { readonly matchLabels?: Readonly<Record<string, string>> }
  const all = Object.entries(matchLabels).map(([key, value]) => `${key}=${value}`)
  return all.length === 0 ? undefined : all.join(',')
}

const isRunning = ({ metadata, status }: K8sObject): boolean => metadata.deletionTimestamp === undefined && status?.['phase'] === 'Running'
