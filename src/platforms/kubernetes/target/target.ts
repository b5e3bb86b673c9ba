import { refused } from '../../../domain/error.ts'
import type { Target } from '../../../domain/target.ts'
import type { ClusterRef } from '../api/cluster.ts'
import { KINDS, type Kind, type KindName } from '../api/kinds.ts'
import type { K8sObject } from '../api/objects.ts'

export const PLATFORM = 'kubernetes'

/** What an experiment may select. */
export const TARGET_KINDS = [
  'pod',
  'node',
  'deployment',
  'statefulset',
  'daemonset',
  'service',
  'configmap',
  'hpa',
  'lease',
  'namespace',
] as const satisfies readonly KindName[]
export type TargetKind = (typeof TARGET_KINDS)[number]

/** What a fault needs to act on an object: enough to find it again, and to know it is the same one. */
export type ObjectRef = {
  readonly cluster: ClusterRef
  readonly kind: TargetKind
  /** null: it is of the cluster. */
  readonly namespace: string | null
  readonly name: string
  readonly uid: string
  /** Of a pod: where it runs. */
  readonly node?: string
  /** Of a pod: what makes another one when it is gone, `ReplicaSet/scoring-7d9`. */
  readonly owner?: string
}

export const kindOf = ({ kind }: Pick<ObjectRef, 'kind'>): Kind => KINDS[kind]
export const namespaceOf = ({ namespace }: Pick<ObjectRef, 'namespace'>): string | undefined => namespace ?? undefined

/** `pod shop/cart-7d9-x2x`, `node worker-1`. */
export const labelOf = ({ kind, namespace, name }: Pick<ObjectRef, 'kind' | 'namespace' | 'name'>): string =>
  `${kind} ${namespace === null ? '' : `${namespace}/`}${name}`

export function targetOf(cluster: ClusterRef, kind: TargetKind, { metadata, spec }: K8sObject): Target {
  const owner = metadata.ownerReferences?.find(({ controller }) => controller === true)
  const node = kind === 'pod' ? spec?.['nodeName'] : undefined
  const ref: ObjectRef = {
    cluster,
    kind,
    namespace: metadata.namespace ?? null,
    name: metadata.name,
    uid: metadata.uid,
    ...(typeof node === 'string' && { node }),
    ...(kind === 'pod' && owner && { owner: `${owner.kind}/${owner.name}` }),
  }
  return {
    platform: PLATFORM,
    id: `kubernetes:${cluster.uid ?? cluster.server}:${metadata.uid}`,
    label: labelOf(ref),
    data: ref,
  }
}

/** The object behind a target; refuses one of another kind than the fault takes. */
export function objectOf(target: Target | null, ...kinds: readonly TargetKind[]): ObjectRef {
  const ref = target?.platform === PLATFORM ? (target.data as unknown as ObjectRef) : undefined
  if (!ref) throw refused('This fault needs a target on kubernetes.', 'TARGET_KIND', ['targets: {name: {kubernetes: {…}}}'])
  if (!kinds.includes(ref.kind))
    throw refused(`${labelOf(ref)} is no ${kinds.join(' or ')}, which this fault acts on.`, 'TARGET_KIND', [
      `targets: {name: {kubernetes: {kind: ${kinds[0]}, …}}}`,
    ])
  return ref
}
