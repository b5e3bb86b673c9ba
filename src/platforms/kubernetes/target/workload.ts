import type { Context } from '../../../contracts/context.ts'
import { refused } from '../../../domain/error.ts'
import type { Json } from '../../../domain/json.ts'
import type { Cluster } from '../api/cluster.ts'
import { KINDS } from '../api/kinds.ts'
import { at, type K8sObject } from '../api/objects.ts'
import type { Guard } from '../change/patch.ts'
import { labelOf, namespaceOf, type ObjectRef } from './target.ts'

const CONTAINERS = '/spec/template/spec/containers'

export interface EnvEntry {
  readonly name: string
  readonly value?: string
  readonly valueFrom?: Json
}

export interface ContainerSpec {
  readonly name: string
  readonly image: string
  readonly env?: readonly EnvEntry[]
  readonly resources?: Json
}

/** One container of a workload's template, and what must stay so for its pointer to mean it. */
export interface Container {
  readonly spec: ContainerSpec
  /** JSON pointer. */
  readonly path: string
  readonly guard: Guard
}

/** The container of that name; without one, the only one. Throws a DrillError (refused) that names those that are there. */
export function containerOf(workload: K8sObject, name: string | undefined): Container {
  const all = (at(workload, CONTAINERS) ?? []) as unknown as readonly ContainerSpec[]
  const index = name === undefined && all.length === 1 ? 0 : all.findIndex((each) => each.name === name)
  const spec = all[index]
  if (!spec) {
    const names = all.map((each) => each.name).join(', ')
    const asked = name === undefined ? 'say which one is meant' : `none of them is ${name}`
    throw refused(
      `${workload.metadata.name} has the containers ${names}: ${asked}.`,
      'CONTAINER',
      all.map((each) => `container: ${each.name}`),
    )
  }
  const path = `${CONTAINERS}/${index}`
  return { spec, path, guard: { path: `${path}/name`, value: spec.name } }
}

type LabelSelector = {
  readonly matchLabels?: Readonly<Record<string, string>>
  readonly matchExpressions?: readonly { readonly key: string; readonly operator: string; readonly values?: readonly string[] }[]
}

/** A selector as a query takes it. */
export function selectorText({ matchLabels = {}, matchExpressions = [] }: LabelSelector): string {
  const expressions = matchExpressions.map(({ key, operator, values = [] }) => {
    if (operator === 'Exists') return key
    if (operator === 'DoesNotExist') return `!${key}`
    return `${key} ${operator === 'NotIn' ? 'notin' : 'in'} (${values.join(',')})`
  })
  return [...Object.entries(matchLabels).map(([key, value]) => `${key}=${value}`), ...expressions].join(',')
}

/** What lists everything that a workload's selector matches: its own, and perhaps others'. */
export const selectedBy = (ref: Pick<ObjectRef, 'namespace'>, workload: K8sObject) => ({
  namespace: namespaceOf(ref),
  labels: selectorText((workload.spec?.['selector'] ?? {}) as LabelSelector),
})

export const ownedBy = (uids: ReadonlySet<string>, { metadata }: K8sObject): boolean =>
  metadata.ownerReferences?.some(({ uid, controller }) => controller === true && uids.has(uid)) === true

/** What owns a workload's pods: of a Deployment its ReplicaSets, else itself. Uids. */
export async function ownersOf(cluster: Cluster, ref: ObjectRef, workload: K8sObject, context: Context): Promise<ReadonlySet<string>> {
  if (ref.kind !== 'deployment') return new Set([workload.metadata.uid])
  const sets = await cluster.list(KINDS.replicaset, selectedBy(ref, workload), context)
  const own = new Set([workload.metadata.uid])
  return new Set(sets.filter((set) => ownedBy(own, set)).map(({ metadata }) => metadata.uid))
}

/** The pods of a workload, of every revision. */
export async function podsOf(cluster: Cluster, ref: ObjectRef, workload: K8sObject, context: Context): Promise<readonly K8sObject[]> {
  const owners = await ownersOf(cluster, ref, workload, context)
  const pods = await cluster.list(KINDS.pod, selectedBy(ref, workload), context)
  return pods.filter((pod) => ownedBy(owners, pod))
}

const num = (value: Json | undefined): number => (typeof value === 'number' ? value : 0)

/** How far a workload is on its way to what it says now. */
export interface Rollout {
  /** The controller has seen what it says now. */
  readonly seen: boolean
  readonly wanted: number
  readonly updated: number
  /** Pods of all revisions. */
  readonly there: number
}

export function rolloutOf({ kind }: Pick<ObjectRef, 'kind'>, { metadata, spec = {}, status = {} }: K8sObject): Rollout {
  const seen = num(status['observedGeneration']) >= (metadata.generation ?? 0)
  if (kind === 'daemonset') {
    const wanted = num(status['desiredNumberScheduled'])
    return { seen, wanted, updated: num(status['updatedNumberScheduled']), there: num(status['currentNumberScheduled']) }
  }
  return { seen, wanted: num(spec['replicas']), updated: num(status['updatedReplicas']), there: num(status['replicas']) }
}

/** Every pod is of the newest revision; whether they are ready is another question. */
export const isRolledOut = ({ seen, wanted, updated, there }: Rollout): boolean => seen && updated >= wanted && there === updated

/** Why changing its template would start no new pods; undefined: it would. */
export function noRollout(ref: ObjectRef, { spec = {} }: K8sObject): string | undefined {
  const update = (spec['updateStrategy'] ?? {}) as { readonly type?: string; readonly rollingUpdate?: { readonly partition?: number } }
  if (spec['paused'] === true) return `${labelOf(ref)} is paused: no pod would get the change before it is resumed`
  if (update.type === 'OnDelete') return `${labelOf(ref)} updates pods only when they are deleted (OnDelete)`
  const partition = update.rollingUpdate?.partition ?? 0
  if (partition > 0 && partition >= num(spec['replicas'])) return `${labelOf(ref)} keeps all of its pods back by its partition ${partition}`
  return undefined
}
