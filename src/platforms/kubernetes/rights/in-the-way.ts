import type { Context } from '../../../contracts/context.ts'
import type { Preflight } from '../../../contracts/preflight.ts'
import type { PlanWarning } from '../../../domain/plan.ts'
import { isForbidden } from '../api/api-error.ts'
import { type Cluster, reconnect } from '../api/cluster.ts'
import { KINDS } from '../api/kinds.ts'
import type { K8sObject } from '../api/objects.ts'
import { kindOf, labelOf, namespaceOf, type ObjectRef } from '../target/target.ts'
import { isRolledOut, noRollout, rolloutOf } from '../target/workload.ts'
import { lookNeeds } from './patch-needs.ts'

/** A target and what it was when it was looked at. */
export interface Found {
  readonly ref: ObjectRef
  readonly object: K8sObject
}

/** What nobody but controllers writes, and whose fields no file of anybody's repository owns. */
const OF_THE_CLUSTER = new Set<string>(['node', 'pod', 'lease'])
const ABREAST = 10

/** The objects among these that tools of their owners may keep as they are written down elsewhere. Without those that may not be read. */
export async function lookAtKept(refs: readonly ObjectRef[], context: Context): Promise<readonly Found[]> {
  const found: Found[] = []
  const queue = refs.filter(({ kind }) => !OF_THE_CLUSTER.has(kind)).values()
  const worker = async (): Promise<void> => {
    for (const ref of queue) {
      const object = await read(ref, context)
      if (object) found.push({ ref, object })
    }
  }
  await Promise.all(Array.from({ length: ABREAST }, worker))
  return found
}

async function read(ref: ObjectRef, context: Context): Promise<K8sObject | undefined> {
  const cluster = await reconnect(ref.cluster, context)
  return cluster.find(kindOf(ref), namespaceOf(ref), ref.name, context).catch((error: unknown) => {
    if (isForbidden(error)) return undefined
    throw error
  })
}

/** What is about to be done to a workload. */
export type Touch =
  /** `to`: pods that are to be left. `anyway`: also where an autoscaler owns the number. */
  | { readonly what: 'replicas'; readonly to: number; readonly anyway: boolean }
  /** `resources`: what autoscalers measure by is changed, too. */
  | { readonly what: 'template'; readonly resources?: boolean }

type Findings = Pick<Preflight, 'refusals' | 'warnings'>

/** What stands in the way of changing these workloads: autoscalers, rollouts. Reads only. */
export async function workloadsInTheWay(
  refs: readonly ObjectRef[],
  found: readonly Found[],
  touch: Touch,
  context: Context,
): Promise<Preflight> {
  const findings: Findings[] = []
  for (const [, of] of Map.groupBy(found, ({ ref }) => `${ref.cluster.server}/${ref.namespace}`)) {
    const [first] = of
    if (!first) continue
    const scalers = await scalersIn(await reconnect(first.ref.cluster, context), first.ref.namespace, context)
    findings.push(...of.map((each) => findingsOf(each, touch, scalers)))
  }
  return {
    refusals: findings.flatMap(({ refusals }) => refusals),
    warnings: findings.flatMap(({ warnings }) => warnings),
    needs: lookNeeds(refs, ['list'], KINDS.hpa),
  }
}

/** None where they may not be listed: the check of rights says that. */
const scalersIn = (cluster: Cluster, namespace: string | null, context: Context): Promise<readonly K8sObject[]> =>
  cluster.list(KINDS.hpa, { namespace: namespace ?? undefined }, context).catch((error: unknown) => {
    if (isForbidden(error)) return []
    throw error
  })

function findingsOf({ ref, object }: Found, touch: Touch, scalers: readonly K8sObject[]): Findings {
  const scaler = scalers.find((each) => scales(each, ref))
  if (touch.what === 'replicas') {
    const rollout = isRolledOut(rolloutOf(ref, object)) ? [] : [underWay(ref)]
    return scaler === undefined ? { refusals: [], warnings: rollout } : withScaler(ref, scaler, touch, rollout)
  }
  const never = noRollout(ref, object)
  const refusals = [
    ...(never === undefined ? [] : [{ code: 'NO_ROLLOUT', text: `${never}.` }]),
    ...(never !== undefined || isRolledOut(rolloutOf(ref, object)) ? [] : [underWay(ref)]),
  ]
  const measured = touch.resources && scaler ? [byResources(ref, scaler)] : []
  return { refusals, warnings: [...historyOf(ref, object), ...partitionOf(ref, object), ...measured] }
}

const underWay = (ref: ObjectRef): PlanWarning => ({
  code: 'ROLLOUT_UNDER_WAY',
  text: `A rollout of ${labelOf(ref)} is under way: what it does and what the fault does cannot be told apart. Wait until it is done (kubectl rollout status).`,
})

function withScaler(
  ref: ObjectRef,
  scaler: K8sObject,
  { to, anyway }: Extract<Touch, { what: 'replicas' }>,
  warnings: readonly PlanWarning[],
): Findings {
  const keda = scaledObjectOf(scaler)
  const who = keda === undefined ? `The HorizontalPodAutoscaler ${scaler.metadata.name}` : `The ScaledObject ${keda} (KEDA)`
  if (keda === undefined && to === 0)
    return {
      refusals: [],
      warnings: [
        ...warnings,
        {
          code: 'AUTOSCALED',
          text: `${who} scales ${labelOf(ref)}: it does nothing while there are 0 replicas, and may move the number again once it is back.`,
        },
      ],
    }
  const finding: PlanWarning = {
    code: 'AUTOSCALED',
    text: `${who} owns the number of pods of ${labelOf(ref)} and would move it from ${to} in mid-drill, which then counts as drifted: ${
      keda === undefined
        ? 'scale to 0, freeze it (kubernetes/hpa-freeze)'
        : `pause it (kubectl annotate scaledobject ${keda} autoscaling.keda.sh/paused=true)`
    }, or say autoscaled: true.`,
  }
  return anyway ? { refusals: [], warnings: [...warnings, finding] } : { refusals: [finding], warnings }
}

const byResources = (ref: ObjectRef, scaler: K8sObject): PlanWarning => ({
  code: 'AUTOSCALED',
  text: `The HorizontalPodAutoscaler ${scaler.metadata.name} measures ${labelOf(ref)} by what its pods ask for: it may change their number when that changes.`,
})

function historyOf(ref: ObjectRef, { spec }: K8sObject): readonly PlanWarning[] {
  if (spec?.['revisionHistoryLimit'] !== 0) return []
  const text = `${labelOf(ref)} keeps no old revisions (revisionHistoryLimit 0): once all of its pods were replaced, undo starts a new one of the same content instead of going back to the old one.`
  return [{ code: 'NO_HISTORY', text }]
}

function partitionOf(ref: ObjectRef, { spec }: K8sObject): readonly PlanWarning[] {
  const update = (spec?.['updateStrategy'] ?? {}) as { readonly rollingUpdate?: { readonly partition?: number } }
  const partition = update.rollingUpdate?.partition ?? 0
  if (partition === 0) return []
  return [
    { code: 'PARTITION', text: `${labelOf(ref)} changes only pods from number ${partition} on (partition): the others stay as they are.` },
  ]
}

function scales({ spec }: K8sObject, { kind, name }: ObjectRef): boolean {
  const of = (spec?.['scaleTargetRef'] ?? {}) as { readonly kind?: string; readonly name?: string }
  return of.kind === kindOf({ kind }).kind && of.name === name
}

/** The name of the ScaledObject that an autoscaler was made from; undefined: of none. */
export const scaledObjectOf = ({ metadata }: K8sObject): string | undefined =>
  metadata.ownerReferences?.find(({ kind }) => kind === 'ScaledObject')?.name
