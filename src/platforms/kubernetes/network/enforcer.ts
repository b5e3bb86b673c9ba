import type { Context } from '../../../contracts/context.ts'
import type { PlanWarning } from '../../../domain/plan.ts'
import { isForbidden } from '../api/api-error.ts'
import type { Cluster } from '../api/cluster.ts'
import { KINDS } from '../api/kinds.ts'
import type { K8sObject } from '../api/objects.ts'

/** DaemonSets of network plugins that enforce NetworkPolicies. `anetd` is GKE's Dataplane V2. */
const ENFORCERS = /calico|canal|cilium|antrea|kube-router|ovn|weave|kindnet|anetd|azure-npm/
/** Of Amazon's plugin only this part of it does. */
const AWS = { name: 'aws-node', container: 'aws-eks-nodeagent' }

interface Template {
  readonly template?: { readonly spec?: { readonly containers?: readonly { readonly name: string }[] } }
}

function enforces({ metadata, spec }: K8sObject): boolean {
  if (metadata.name !== AWS.name) return ENFORCERS.test(metadata.name)
  return (spec as Template | undefined)?.template?.spec?.containers?.some(({ name }) => name === AWS.container) === true
}

/** A warning unless a network plugin is there that is known to enforce policies: the object alone has no effect. */
export async function unlessEnforced(cluster: Cluster, context: Context): Promise<readonly PlanWarning[]> {
  const warn = (why: string): readonly PlanWarning[] => [
    { code: 'CNI_MAY_NOT_ENFORCE', text: `${why}: a NetworkPolicy may have no effect here, which ends the drill as unknown, without one.` },
  ]
  try {
    const sets = await cluster.list(KINDS.daemonset, {}, context)
    return sets.some(enforces) ? [] : warn('No network plugin that is known to enforce policies was found')
  } catch (error) {
    if (isForbidden(error)) return warn('You may not list DaemonSets, so the network plugin is not known')
    throw error
  }
}
