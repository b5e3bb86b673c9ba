import type { ControlPlane } from '../../../real/parts/control-plane.ts'

/** What people and tools write in a namespace; pods, ReplicaSets and endpoints are the controllers' own and follow from these. */
const IN_NAMESPACE = [
  'configmaps',
  'services',
  'serviceaccounts',
  'secrets',
  'deployments.apps',
  'statefulsets.apps',
  'daemonsets.apps',
  'horizontalpodautoscalers.autoscaling',
  'poddisruptionbudgets.policy',
  'networkpolicies.networking.k8s.io',
  'leases.coordination.k8s.io',
  'roles.rbac.authorization.k8s.io',
  'rolebindings.rbac.authorization.k8s.io',
].join(',')
const OF_CLUSTER = 'nodes,namespaces,validatingwebhookconfigurations.admissionregistration.k8s.io'
/** The Deployment controller counts its rollouts there: a rollout and its way back are two. */
const REVISION = 'deployment.kubernetes.io/revision'

interface Item {
  readonly kind: string
  readonly metadata: { readonly name: string; readonly [more: string]: unknown }
  readonly [more: string]: unknown
}

/** Every object, without what the server itself keeps about it. Nodes of the cluster too: a fault of one may act on them. */
export async function snapshot(plane: ControlPlane, namespace: string): Promise<Readonly<Record<string, unknown>>> {
  const [inside, outside, system] = await Promise.all([
    plane.kubectl('-n', namespace, 'get', IN_NAMESPACE, '-o', 'json'),
    plane.kubectl('get', OF_CLUSTER, '-o', 'json'),
    plane.kubectl('-n', 'kube-system', 'get', 'configmaps', '-o', 'json'),
  ])
  const items = [inside, outside, system].flatMap((text) => (JSON.parse(text) as { items: Item[] }).items)
  // Namespaces come and go with other scenes.
  const kept = items.filter(({ kind, metadata }) => kind !== 'Namespace' || metadata.name === namespace)
  return Object.fromEntries(kept.map((item) => [`${item.kind}/${item.metadata.name}`, withoutBookkeeping(item)]))
}

const without = (of: Readonly<Record<string, unknown>>, ...keys: readonly string[]): Readonly<Record<string, unknown>> =>
  Object.fromEntries(Object.entries(of).filter(([key]) => !keys.includes(key)))

function withoutBookkeeping(item: Item): unknown {
  const { annotations = {} } = item.metadata as { readonly annotations?: Readonly<Record<string, string>> }
  const kept = without(item.metadata, 'resourceVersion', 'generation', 'managedFields', 'annotations')
  const others = without(annotations, REVISION)
  return { ...without(item, 'status'), metadata: { ...kept, ...(Object.keys(others).length > 0 && { annotations: others }) } }
}
