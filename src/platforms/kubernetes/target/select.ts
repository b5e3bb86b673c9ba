import type { Context } from '../../../contracts/context.ts'
import type { Need } from '../../../contracts/preflight.ts'
import { refused } from '../../../domain/error.ts'
import { choice, flag, type Of, object, text, withDefault } from '../../../domain/shape.ts'
import type { Target } from '../../../domain/target.ts'
import { type Cluster, type ClusterRef, connect } from '../api/cluster.ts'
import { KINDS } from '../api/kinds.ts'
import type { K8sObject } from '../api/objects.ts'
import { needs } from '../rights/needs.ts'
import { clusterFields, dnsName } from './fields.ts'
import { findOwnPod, type OwnPod } from './own-pod.ts'
import { TARGET_KINDS, targetOf } from './target.ts'

export const selectorShape = object(
  {
    kind: withDefault(choice(TARGET_KINDS, { doc: 'What is selected. Default pod.' }), 'pod'),
    system: withDefault(flag({ doc: 'Also what belongs to the cluster itself (kube-system, kube-public, kube-node-lease).' }), false),
    daemonSets: withDefault(flag({ doc: 'Also pods of DaemonSets, which come back on the same node at once.' }), false),
  },
  {
    ...clusterFields,
    namespace: dnsName('The namespace. Needed for everything but nodes and namespaces.', ['shop']),
    name: dnsName('Exactly this one.', ['scoring']),
    selector: text({ pattern: /\S/, what: 'a label selector', doc: 'A label selector.', examples: ['"app=scoring,tier=web"'] }),
    fields: text({ pattern: /\S/, what: 'a field selector', doc: 'A field selector.', examples: ['"spec.nodeName=worker-1"'] }),
    zone: text({ doc: 'Nodes of this zone (topology.kubernetes.io/zone), or pods on them.', examples: ['eu-west-1a'] }),
    nodes: text({ doc: 'A label selector of nodes: pods that run on them.', examples: ['"pool=gpu"'] }),
  },
)
export type Selector = Of<typeof selectorShape>

const SYSTEM_NAMESPACES = new Set(['kube-system', 'kube-public', 'kube-node-lease'])
const ZONE = 'topology.kubernetes.io/zone'

/** Everything that the selector finds now, without what must never be touched: our own pod and node, what is ending, mirror and DaemonSet pods. */
export async function select(selector: Selector, context: Context): Promise<readonly Target[]> {
  refuseUnbounded(selector)
  const cluster = await connect(nameOf(selector), context)
  const ref = await cluster.ref(context)
  const own = await findOwnPod(cluster, context)
  const nodes = await nodesOf(selector, cluster, context)
  const found: Target[] = []
  for await (const page of cluster.pages(KINDS[selector.kind], queryOf(selector), context))
    found.push(...page.items.filter((each) => isTouchable(each, selector, own, nodes)).map((each) => targetOf(ref, selector.kind, each)))
  return found
}

export const nameOf = ({ kubeconfig, context }: Pick<Selector, 'kubeconfig' | 'context'>) => ({
  ...(kubeconfig !== undefined && { kubeconfig }),
  ...(context !== undefined && { context }),
})

/** Who acts where: consent to one cluster is none to another. */
export async function identify(selector: Selector, context: Context): Promise<ClusterRef> {
  const { kubeconfig: _, ...identity } = await (await connect(nameOf(selector), context)).ref(context)
  return identity
}

function refuseUnbounded(selector: Selector): void {
  const { kind, namespace, name, selector: labels, fields, zone, nodes, system } = selector
  if (KINDS[kind].namespaced && namespace === undefined)
    throw refused(`Selecting ${kind}s needs a namespace: firedrill never acts across all of them.`, 'NAMESPACE_MISSING', [
      'namespace: NAME',
    ])
  if (!KINDS[kind].namespaced && [name, labels, fields, zone].every((each) => each === undefined))
    throw refused(`Selecting every ${kind} of a cluster is too much: name one, or give a selector.`, 'SELECTOR_MISSING', [
      'selector: "label=value"',
    ])
  if (namespace !== undefined && SYSTEM_NAMESPACES.has(namespace) && !system)
    throw refused(`${namespace} belongs to the cluster itself.`, 'SYSTEM_NAMESPACE', ['system: true   if that is really what is drilled'])
  if ((zone !== undefined || nodes !== undefined) && kind !== 'pod' && kind !== 'node')
    throw refused(`A ${kind} is in no zone and on no node.`, 'SELECTOR_KIND', ['kind: pod', 'kind: node'])
}

function queryOf({ kind, namespace, name, selector, fields, zone, nodes }: Selector) {
  const labels = [selector, kind === 'node' && zone !== undefined ? `${ZONE}=${zone}` : undefined, kind === 'node' ? nodes : undefined]
  return {
    namespace,
    labels: joined(labels),
    fields: joined([fields, name === undefined ? undefined : `metadata.name=${name}`]),
  }
}

const joined = (parts: readonly (string | undefined)[]): string | undefined => {
  const present = parts.filter((part) => part !== undefined)
  return present.length === 0 ? undefined : present.join(',')
}

/** The names of the nodes that pods must be on; undefined: on any. */
async function nodesOf({ kind, zone, nodes }: Selector, cluster: Cluster, context: Context): Promise<ReadonlySet<string> | undefined> {
  if (kind !== 'pod' || (zone === undefined && nodes === undefined)) return undefined
  const labels = joined([zone === undefined ? undefined : `${ZONE}=${zone}`, nodes])
  const found = await cluster.list(KINDS.node, { labels }, context)
  return new Set(found.map(({ metadata }) => metadata.name))
}

function isTouchable(of: K8sObject, selector: Selector, own: OwnPod | undefined, nodes: ReadonlySet<string> | undefined): boolean {
  const { metadata, spec, status } = of
  if (metadata.deletionTimestamp !== undefined) return false
  if (selector.kind === 'node') return metadata.name !== own?.node
  if (selector.kind === 'namespace') return selector.system || !SYSTEM_NAMESPACES.has(metadata.name)
  if (selector.kind !== 'pod') return true
  if (metadata.name === own?.name && metadata.namespace === own.namespace) return false
  if (metadata.annotations?.['kubernetes.io/config.mirror'] !== undefined) return false
  if (!selector.daemonSets && metadata.ownerReferences?.some(({ kind }) => kind === 'DaemonSet')) return false
  const phase = status?.['phase']
  if (phase === 'Succeeded' || phase === 'Failed') return false
  return nodes === undefined || (typeof spec?.['nodeName'] === 'string' && nodes.has(spec['nodeName']))
}

/** Listing what is selected, knowing the cluster again, and the nodes that a zone or a label of nodes stands for. */
export function selectNeeds(selector: Selector): readonly Need[] {
  const { kind, namespace, zone, nodes } = selector
  const cluster = nameOf(selector)
  const onNodes = kind === 'pod' && (zone !== undefined || nodes !== undefined)
  return [
    ...needs(['get'], { cluster, kind: KINDS.namespace, namespace: null, name: 'kube-system' }),
    ...needs(['list'], { cluster, kind: KINDS[kind], namespace: KINDS[kind].namespaced ? (namespace ?? null) : null }),
    ...(onNodes ? needs(['list'], { cluster, kind: KINDS.node, namespace: null }) : []),
  ]
}
