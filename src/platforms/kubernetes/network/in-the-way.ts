import type { Context } from '../../../contracts/context.ts'
import type { PlanWarning } from '../../../domain/plan.ts'
import type { Cluster } from '../api/cluster.ts'
import { KINDS } from '../api/kinds.ts'
import type { K8sObject } from '../api/objects.ts'
import { markedBy } from '../change/marks.ts'
import { named } from '../rights/pods.ts'
import { findOwnPod } from '../target/own-pod.ts'
import { allowsSome, type Direction } from './policy.ts'

interface Found {
  readonly refusals: readonly PlanWarning[]
  readonly warnings: readonly PlanWarning[]
}

/** Why a denial of these pods' traffic would do nothing, or too much. */
export async function whatDefeats(
  where: { readonly namespace: string; readonly pods: readonly K8sObject[]; readonly direction: Direction },
  cluster: Cluster,
  context: Context,
): Promise<Found> {
  const { namespace, pods, direction } = where
  const [policies, own] = await Promise.all([cluster.list(KINDS.networkpolicy, { namespace }, context), findOwnPod(cluster, context)])
  const allowing = policies.filter((policy) => markedBy(policy) !== context.run && pods.some((pod) => allowsSome(policy, pod, direction)))
  const isOwn = pods.some(({ metadata }) => metadata.name === own?.name && namespace === own.namespace)
  const hosts = onHostNetwork(namespace, pods)
  return {
    refusals: [...additive(namespace, allowing), ...(isOwn ? [OWN_POD] : []), ...hosts.refusals],
    warnings: hosts.warnings,
  }
}

const OWN_POD: PlanWarning = {
  code: 'OWN_POD',
  text: 'The pod that firedrill runs in is among them: it would cut itself off from the cluster.',
}

function additive(namespace: string, policies: readonly K8sObject[]): readonly PlanWarning[] {
  if (policies.length === 0) return []
  const names = named(policies.map(({ metadata }) => `${namespace}/${metadata.name}`))
  const text = `NetworkPolicies add up, and ${names} lets traffic of these pods through: a denial beside it denies nothing of that. Pick the other direction or other pods, or use kubernetes/network-partition.`
  return [{ code: 'ADDITIVE_POLICY', text }]
}

function onHostNetwork(namespace: string, pods: readonly K8sObject[]): Found {
  const hosts = pods.filter(({ spec }) => spec?.['hostNetwork'] === true).map(({ metadata }) => `${namespace}/${metadata.name}`)
  if (hosts.length === 0) return { refusals: [], warnings: [] }
  const found = [{ code: 'HOST_NETWORK', text: `No NetworkPolicy acts on pods of the host's network: ${named(hosts)}.` }]
  return hosts.length === pods.length ? { refusals: found, warnings: [] } : { refusals: [], warnings: found }
}
