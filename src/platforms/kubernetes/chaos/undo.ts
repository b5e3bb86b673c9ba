import type { Context } from '../../../contracts/context.ts'
import { seconds } from '../../../domain/time.ts'
import type { UndoOutcome } from '../../../domain/undo.ts'
import { type Cluster, reconnect } from '../api/cluster.ts'
import { KINDS, kubectlKind } from '../api/kinds.ts'
import type { K8sObject } from '../api/objects.ts'
import { type CreatedUndo, undoCreation } from '../change/created.ts'
import { kubectl } from '../change/kubectl.ts'
import { markedBy } from '../change/marks.ts'
import { readChaos } from './status.ts'

/** How long its finalizer may take to take the fault back; it takes about a second. */
const PATIENCE = seconds(15)
/** It was given all that already, by an earlier try: a last look. */
const LAST_LOOK = seconds(2)

/** Tells Chaos Mesh to let go of the object without taking the fault back. Never done by firedrill. */
const FORCED = 'chaos-mesh.chaos-mesh.org/cleanFinalizer=forced'

/** What a person would type; the second only when the first hangs for good. */
export function chaosCommand(place: CreatedUndo): string {
  const kind = kubectlKind(KINDS[place.kind])
  return `${kubectl(place.cluster, place.namespace, 'delete', kind, place.name)}   # only if that hangs for good, with the fault left in the pods: ${lastResort(place)}`
}

const lastResort = ({ cluster, namespace, kind, name }: CreatedUndo): string =>
  kubectl(cluster, namespace, 'annotate', kubectlKind(KINDS[kind]), name, FORCED)

/**
 * Deletes the chaos object and waits until it is gone: its finalizer holds it until the fault is out of every pod. An object whose time was
 * over is deleted, too, for Chaos Mesh keeps it.
 */
export async function undoChaos(record: CreatedUndo, context: Context): Promise<UndoOutcome> {
  const cluster = await reconnect(record.cluster, context)
  const there = await cluster.find(KINDS[record.kind], record.namespace ?? undefined, record.name, context)
  const ended = there !== undefined && markedBy(there) === context.run && readChaos(there).ended
  const own = AbortSignal.timeout((await patienceWith(there, cluster, context)) * 1000)
  try {
    const outcome = await undoCreation(record, { ...context, signal: AbortSignal.any([context.signal, own]) })
    if (outcome.state !== 'undone') return outcome
    const what = `${KINDS[record.kind].kind} ${record.namespace}/${record.name}`
    if (ended) return { ...outcome, state: 'expired', detail: `${what} had ended by itself when its time was over; it is deleted` }
    return { ...outcome, detail: `Chaos Mesh took it back: ${what} is gone, finalizer and all` }
  } catch (error) {
    context.signal.throwIfAborted()
    if (!own.aborted) throw error
    return stuck(record, await cluster.find(KINDS[record.kind], record.namespace ?? undefined, record.name, context))
  }
}

async function patienceWith(there: K8sObject | undefined, cluster: Cluster, context: Context): Promise<typeof PATIENCE> {
  const since = there?.metadata.deletionTimestamp
  if (since === undefined) return PATIENCE
  const { lo } = await cluster.offset(context)
  return context.clock.wall() + lo - Date.parse(since) / 1000 > PATIENCE ? LAST_LOOK : PATIENCE
}

function stuck(record: CreatedUndo, still: K8sObject | undefined): UndoOutcome {
  const { kind, namespace, name } = record
  const failures = still ? readChaos(still).failures : []
  const why = failures.length === 0 ? '' : ` (${failures.join('; ')})`
  return {
    state: 'failed',
    verified: false,
    detail:
      `${KINDS[kind].kind} ${namespace}/${name} is deleted, and its finalizer chaos-mesh/records still holds it after ${PATIENCE} s: Chaos Mesh has ` +
      `not taken the fault back${why}. See to its controller and to the pods' nodes; as a last resort, which leaves the fault in the pods: ${lastResort(record)}`,
  }
}
