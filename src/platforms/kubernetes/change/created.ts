import type { Context } from '../../../contracts/context.ts'
import type { FaultInput, Mutation } from '../../../contracts/fault.ts'
import { describe, refused } from '../../../domain/error.ts'
import type { JsonObject } from '../../../domain/json.ts'
import { seconds } from '../../../domain/time.ts'
import type { UndoOutcome } from '../../../domain/undo.ts'
import { ApiError, isConflict, isForbidden, isGone } from '../api/api-error.ts'
import { type Cluster, type ClusterRef, reconnect } from '../api/cluster.ts'
import { apiVersionOf, collectionPath, KINDS, type KindName, kubectlKind } from '../api/kinds.ts'
import type { K8sObject } from '../api/objects.ts'
import { kubectl } from './kubectl.ts'
import { createdName, markedBy, markOf, RUN_LABEL } from './marks.ts'

/** What undoing a created object needs: where it is. That it is ours, its label says. */
export type CreatedUndo = {
  readonly cluster: ClusterRef
  readonly kind: KindName
  readonly namespace: string | null
  readonly name: string
}

/** An object of firedrill's own whose presence is the fault. */
export interface Creation {
  readonly cluster: ClusterRef
  readonly kind: KindName
  /** null: it is of the cluster. */
  readonly namespace: string | null
  readonly spec: JsonObject
}

const inNamespace = (namespace: string | null): string | undefined => namespace ?? undefined

function bodyOf({ kind, namespace, spec }: Creation, name: string, metadata: JsonObject): JsonObject {
  const known = KINDS[kind]
  // Of a webhook configuration there is no `spec`: what it is stands at the top.
  const content = kind === 'validatingwebhook' ? spec : { spec }
  return {
    apiVersion: apiVersionOf(known),
    kind: known.kind,
    metadata: { name, ...(namespace !== null && { namespace }), ...metadata },
    ...content,
  }
}

/** Plans an object that is not there yet; the server itself validates it without keeping it. */
export async function planCreation<Spec>(creation: Creation, input: FaultInput<Spec>, context: Context): Promise<Mutation<CreatedUndo>> {
  const { cluster: ref, kind, namespace } = creation
  const cluster = await reconnect(ref, context)
  const name = createdName(context.run, input.token)
  const known = KINDS[kind]
  const there = await cluster.find(known, inNamespace(namespace), name, context)
  if (there && markedBy(there) !== context.run)
    throw refused(`${known.kind} ${name} is there already`, 'NAME_TAKEN', [kubectl(ref, namespace, 'get', kubectlKind(known), name)])
  await tryOut(cluster, creation, name, context)
  return {
    call: `${kubectl(ref, namespace, 'create', '-f', '-')} <<< ${JSON.stringify(JSON.stringify(bodyOf(creation, name, { labels: { [RUN_LABEL]: context.run } })))}`,
    undo: { cluster: ref, kind, namespace, name },
    command: kubectl(ref, namespace, 'delete', kubectlKind(known), name),
    prior: null,
  }
}

/**
 * Has the server validate it, unknown fields and admission included. What else is in the way is told elsewhere, in words: rights that are
 * missing, a kind that is not installed.
 */
async function tryOut(cluster: Cluster, creation: Creation, name: string, context: Context): Promise<void> {
  const { kind, namespace } = creation
  const body = bodyOf(creation, name, { labels: { [RUN_LABEL]: context.run } })
  const query = { dryRun: 'All', fieldValidation: 'Strict' }
  try {
    await cluster.ask({ method: 'POST', path: collectionPath(KINDS[kind], inNamespace(namespace)), body, query, idempotent: true }, context)
  } catch (error) {
    if (isGone(error) || isConflict(error) || isUntold(error)) return
    if (!(error instanceof ApiError) || error.status < 400 || error.status > 422) throw error
    throw refused(`The cluster would not take ${KINDS[kind].kind} ${name}: ${describe(error)}`, 'NOT_ACCEPTED', [], error)
  }
}

/** No right to create it, which is no admission's refusal; or a webhook that cannot be asked without effect. */
const isUntold = (error: unknown): boolean =>
  (isForbidden(error) && describe(error).includes('cannot create resource')) || describe(error).includes('dry run')

/** Creates it with its mark. One that is there from a first try of the same step is kept. */
export async function injectCreation<Spec>(
  fault: Parameters<typeof markOf<Spec>>[0],
  creation: Creation,
  input: FaultInput<Spec>,
  mutation: Mutation<CreatedUndo>,
  context: Context,
): Promise<void> {
  context.signal.throwIfAborted()
  const cluster = await reconnect(creation.cluster, context)
  const name = createdName(context.run, input.token)
  const mark = await markOf(fault, input, mutation, cluster, context)
  const known = KINDS[creation.kind]
  try {
    await cluster.create(known, inNamespace(creation.namespace), bodyOf(creation, name, { ...mark }), context)
  } catch (error) {
    const there = isConflict(error) ? await cluster.find(known, inNamespace(creation.namespace), name, context) : undefined
    if (!there || markedBy(there) !== context.run) throw error
  }
}

const POLL = seconds(0.1)

/** Deletes it if it is this run's, and waits until it is really gone: a finalizer may be what undoes the damage. */
export async function undoCreation(record: CreatedUndo, context: Context): Promise<UndoOutcome> {
  const { kind, namespace, name } = record
  const known = KINDS[kind]
  const cluster = await reconnect(record.cluster, context)
  const there = await cluster.find(known, inNamespace(namespace), name, context)
  const what = `${known.kind} ${namespace === null ? '' : `${namespace}/`}${name}`
  if (!there || markedBy(there) !== context.run) return { state: 'not-injected', verified: true, detail: `there is no ${what} of this run` }
  await cluster.remove(known, inNamespace(namespace), name, { uid: there.metadata.uid, propagation: 'Background' }, context)
  await gone(cluster, record, there, context)
  return { state: 'undone', verified: true, detail: `${what} is deleted, and nothing of that name is there` }
}

/** Rejects with the signal's reason when it is still there by then. */
async function gone(cluster: Cluster, { kind, namespace, name }: CreatedUndo, of: K8sObject, context: Context): Promise<void> {
  for (;;) {
    const still = await cluster.find(KINDS[kind], inNamespace(namespace), name, context)
    if (!still || still.metadata.uid !== of.metadata.uid) return
    await context.clock.sleep(POLL, context.signal)
  }
}
