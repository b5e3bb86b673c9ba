import type { Context } from '../../../contracts/context.ts'
import { refused } from '../../../domain/error.ts'
import type { JsonObject } from '../../../domain/json.ts'
import type { Cluster } from '../api/cluster.ts'
import { KINDS } from '../api/kinds.ts'
import type { K8sObject } from '../api/objects.ts'
import { kindOf, labelOf, namespaceOf, type ObjectRef } from '../target/target.ts'
import { ownersOf, podsOf, selectedBy } from '../target/workload.ts'

/** A label that only pods of one denial have. */
export const DENY_LABEL = 'firedrill/deny'

/** The kinds that traffic can be denied to. */
export const DENIABLE = ['pod', 'deployment', 'statefulset', 'daemonset', 'namespace'] as const

/** The namespace that the policy is in. */
export const policyNamespace = ({ kind, namespace, name }: ObjectRef): string => (kind === 'namespace' ? name : (namespace ?? ''))

/** What the policy selects: of a pod a label that it gets for this, since its own labels are its siblings', too. */
export function podSelectorOf({ kind }: ObjectRef, object: K8sObject, denial: string): JsonObject {
  if (kind === 'namespace') return {}
  if (kind === 'pod') return { matchLabels: { [DENY_LABEL]: denial } }
  return (object.spec?.['selector'] ?? {}) as JsonObject
}

/** The pods that the policy will select. */
export async function podsDenied(ref: ObjectRef, object: K8sObject, cluster: Cluster, context: Context): Promise<readonly K8sObject[]> {
  if (ref.kind === 'pod') return [object]
  if (ref.kind === 'namespace') return podsIn(ref.name, cluster, context)
  return podsOf(cluster, ref, object, context)
}

/** All pods of a namespace, which may be ten thousand: of each only what a denial asks about. */
async function podsIn(namespace: string, cluster: Cluster, context: Context): Promise<readonly K8sObject[]> {
  const found: K8sObject[] = []
  for await (const { items } of cluster.pages(KINDS.pod, { namespace }, context)) found.push(...items.map(slim))
  return found
}

function slim({ metadata, spec, status }: K8sObject): K8sObject {
  const { name, namespace = '', uid, resourceVersion, labels = {} } = metadata
  const containers = (spec?.['containers'] ?? []) as readonly JsonObject[]
  return {
    metadata: { name, namespace, uid, resourceVersion, labels },
    spec: { hostNetwork: spec?.['hostNetwork'] ?? false, containers: containers.map(({ ports = [] }) => ({ ports })) },
    status: { podIP: status?.['podIP'] ?? null },
  }
}

/** Throws a DrillError (refused) when a workload's selector takes in pods that are not its own: they would be hit as well. */
export async function refuseOthers(ref: ObjectRef, object: K8sObject, cluster: Cluster, context: Context): Promise<void> {
  if (ref.kind === 'pod' || ref.kind === 'namespace') return
  const owners = await ownersOf(cluster, ref, object, context)
  const all = await cluster.list(KINDS.pod, selectedBy(ref, object), context)
  const other = all.find(({ metadata }) => !metadata.ownerReferences?.some(({ uid }) => owners.has(uid)))
  if (other)
    throw refused(
      `The selector of ${labelOf(ref)} takes in pods that are not its own, such as ${other.metadata.name}: they would be cut off as well.`,
      'SELECTS_OTHERS',
      ['kind: pod'],
    )
}

export const readTarget = (ref: ObjectRef, cluster: Cluster, context: Context): Promise<K8sObject> =>
  cluster.get(kindOf(ref), namespaceOf(ref), ref.name, context)
