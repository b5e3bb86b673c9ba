import type { Context } from '../../../contracts/context.ts'
import { type Seconds, seconds } from '../../../domain/time.ts'
import type { UndoRecord } from '../../../domain/undo.ts'
import { isForbidden } from '../api/api-error.ts'
import type { Cluster } from '../api/cluster.ts'
import { KINDS } from '../api/kinds.ts'
import type { K8sObject } from '../api/objects.ts'
import { kindOf, labelOf, namespaceOf, type ObjectRef } from '../target/target.ts'
import { ownedBy, podsOf, selectedBy } from '../target/workload.ts'
import { PRIOR_ANNOTATION, UNDO_ANNOTATION } from './marks.ts'
import { type Edit, inPod, inTemplate, isOurs, removeEntries } from './patch.ts'

const WORKLOADS = new Set<string>(['deployment', 'statefulset', 'daemonset'])
export const isWorkload = ({ kind }: Pick<ObjectRef, 'kind'>): boolean => WORKLOADS.has(kind)

/**
 * A StatefulSet that goes pod by pod waits for the one that it made from our template to become ready before it does anything else, even
 * after the template is back: it never will (kubernetes/kubernetes#67250), so undo has to delete that pod.
 */
export const mayGetStuck = (ref: ObjectRef, { spec }: K8sObject, edits: readonly Edit[]): boolean =>
  ref.kind === 'statefulset' && spec?.['podManagementPolicy'] !== 'Parallel' && edits.some(inTemplate)

/** Whether a pod was made from the template as the fault left it. */
export const carries = (pod: K8sObject, edits: readonly Edit[]): boolean => {
  const own = edits.filter(inTemplate)
  return own.length > 0 && own.every((edit) => isOurs(pod, { ...edit, path: inPod(edit.path) }))
}

const isPodReady = ({ status }: K8sObject): boolean =>
  ((status?.['conditions'] ?? []) as readonly { readonly type?: string; readonly status?: string }[]).some(
    ({ type, status: is }) => type === 'Ready' && is === 'True',
  )

const POLL = seconds(0.05)
/** How long a controller is waited for: before pods are deleted that it might make again as they were, and before traces are tidied away. */
const CONTROLLER = { pods: seconds(5), traces: seconds(1.5) }

/** Until the controller has seen the object as it is now, or has not for so long. */
async function seenByController(cluster: Cluster, ref: ObjectRef, patience: Seconds, context: Context): Promise<K8sObject | undefined> {
  const end = context.clock.now() + patience
  for (;;) {
    const object = await cluster.find(kindOf(ref), namespaceOf(ref), ref.name, context)
    const observed = Number(object?.status?.['observedGeneration'] ?? 0)
    if (!object || observed >= (object.metadata.generation ?? 0) || context.clock.now() >= end) return object
    await context.clock.sleep(POLL, context.signal)
  }
}

const ROUNDS = 5

/** Deletes pods of the StatefulSet that still carry what the fault wrote and are not ready. How many; rejects when they cannot be deleted. */
export async function freeStuckPods(cluster: Cluster, ref: ObjectRef, edits: readonly Edit[], context: Context): Promise<number> {
  let freed = 0
  const workload = await seenByController(cluster, ref, CONTROLLER.pods, context)
  if (!workload || workload.metadata.uid !== ref.uid) return 0
  for (let round = 0; round < ROUNDS; round++) {
    const pods = await podsOf(cluster, ref, workload, context)
    const stuck = pods.filter((pod) => pod.metadata.deletionTimestamp === undefined && carries(pod, edits) && !isPodReady(pod))
    if (stuck.length === 0) break
    for (const { metadata } of stuck)
      if (await cluster.remove(KINDS.pod, metadata.namespace, metadata.name, { uid: metadata.uid }, context)) freed += 1
  }
  return freed
}

const historyOf = ({ kind }: ObjectRef) => (kind === 'deployment' ? KINDS.replicaset : KINDS.controllerrevision)

/**
 * Controllers copy a workload's annotations to the revision that they make from it, where our mark would stay, and come back with a
 * `kubectl rollout undo`. A mark that cannot be taken away there harms nobody: it is noted, and undo goes on.
 */
export async function tidyCopies(cluster: Cluster, ref: ObjectRef, context: Context): Promise<void> {
  try {
    const workload = await seenByController(cluster, ref, CONTROLLER.traces, context)
    if (!workload) return
    const own = new Set([workload.metadata.uid])
    const revisions = await cluster.list(historyOf(ref), selectedBy(ref, workload), context)
    for (const revision of revisions) if (ownedBy(own, revision)) await tidy(cluster, ref, revision, context)
  } catch (error) {
    context.signal.throwIfAborted()
    const why = isForbidden(error) ? 'that is not permitted' : String(error)
    context.note(`The annotation ${UNDO_ANNOTATION} stays on a revision of ${labelOf(ref)}: ${why}`)
  }
}

async function tidy(cluster: Cluster, ref: ObjectRef, revision: K8sObject, context: Context): Promise<void> {
  const text = revision.metadata.annotations?.[UNDO_ANNOTATION]
  if (text === undefined || runOf(text) !== context.run) return
  const steps = [
    { op: 'test', path: '/metadata/uid', value: revision.metadata.uid } as const,
    ...removeEntries(revision, '/metadata/annotations', [UNDO_ANNOTATION, PRIOR_ANNOTATION]),
  ]
  await cluster.patch(historyOf(ref), revision.metadata.namespace, revision.metadata.name, steps, context)
}

function runOf(text: string): string | undefined {
  try {
    return (JSON.parse(text) as UndoRecord).run
  } catch {
    return undefined
  }
}
