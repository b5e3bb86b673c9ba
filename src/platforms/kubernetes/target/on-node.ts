import type { Context } from '../../../contracts/context.ts'
import type { Cluster } from '../api/cluster.ts'
import { KINDS } from '../api/kinds.ts'
import type { K8sObject } from '../api/objects.ts'
import { findOwnPod } from './own-pod.ts'

/** Every pod that is bound to the node, of all namespaces. */
export const podsOn = (node: string, cluster: Cluster, context: Context): Promise<readonly K8sObject[]> =>
  cluster.list(KINDS.pod, { fields: `spec.nodeName=${node}` }, context)

export const isOfDaemonSet = ({ metadata }: K8sObject): boolean =>
  metadata.ownerReferences?.some(({ kind }) => kind === 'DaemonSet') === true

const hasController = ({ metadata }: K8sObject): boolean => metadata.ownerReferences?.some(({ controller }) => controller === true) === true

export const isBare = (pod: K8sObject): boolean => !hasController(pod) && !isMirror(pod)

/** A static pod of the node's own kubelet, as the API server sees it: deleting it ends nothing. */
export const isMirror = ({ metadata }: K8sObject): boolean => metadata.annotations?.['kubernetes.io/config.mirror'] !== undefined

export const isFinished = ({ status }: K8sObject): boolean => status?.['phase'] === 'Succeeded' || status?.['phase'] === 'Failed'

const hasEmptyDir = ({ spec }: K8sObject): boolean =>
  ((spec?.['volumes'] ?? []) as readonly { readonly emptyDir?: object }[]).some(({ emptyDir }) => emptyDir !== undefined)

/** What a drain is allowed beyond pods that their owner makes anew elsewhere without loss. */
export interface DrainLimits {
  readonly emptyDir: boolean
  readonly bare: boolean
}

export interface Drained {
  readonly leave: readonly K8sObject[]
  /** Pods that serve on, with what keeps them there. */
  readonly stay: readonly { readonly pod: K8sObject; readonly why: 'emptyDir' | 'bare' }[]
}

/** Which pods of a node a drain takes away, and which it leaves there because taking them away would lose something. */
export async function drained(node: string, limits: DrainLimits, cluster: Cluster, context: Context): Promise<Drained> {
  const own = await findOwnPod(cluster, context)
  const isOwn = ({ metadata }: K8sObject): boolean => metadata.name === own?.name && metadata.namespace === own.namespace
  const all = (await podsOn(node, cluster, context)).filter(
    (pod) => !isOwn(pod) && !isOfDaemonSet(pod) && !isMirror(pod) && !isFinished(pod) && pod.metadata.deletionTimestamp === undefined,
  )
  const why = (pod: K8sObject): 'emptyDir' | 'bare' | undefined => {
    if (!limits.bare && isBare(pod)) return 'bare'
    return !limits.emptyDir && hasEmptyDir(pod) ? 'emptyDir' : undefined
  }
  return {
    leave: all.filter((pod) => why(pod) === undefined),
    stay: all.flatMap((pod) => {
      const reason = why(pod)
      return reason === undefined ? [] : [{ pod, why: reason }]
    }),
  }
}

export type Taint = {
  readonly key: string
  readonly value?: string
  readonly effect: 'NoSchedule' | 'PreferNoSchedule' | 'NoExecute'
}

export const taintsOf = ({ spec }: K8sObject): readonly Taint[] => (spec?.['taints'] ?? []) as unknown as readonly Taint[]

interface Toleration {
  readonly key?: string
  readonly operator?: 'Exists' | 'Equal'
  readonly value?: string
  readonly effect?: string
}

/** Whether the pod may be where this taint is, if only for some time (`tolerationSeconds`). */
export function tolerates({ spec }: K8sObject, taint: Taint): boolean {
  const all = (spec?.['tolerations'] ?? []) as readonly Toleration[]
  return all.some(({ key = '', operator = 'Equal', value = '', effect = '' }) => {
    if (effect !== '' && effect !== taint.effect) return false
    if (key === '') return operator === 'Exists'
    return key === taint.key && (operator === 'Exists' || value === (taint.value ?? ''))
  })
}
