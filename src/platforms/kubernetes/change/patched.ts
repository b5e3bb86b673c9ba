import type { Context } from '../../../contracts/context.ts'
import type { FaultInput, Mutation } from '../../../contracts/fault.ts'
import { DrillError, refused } from '../../../domain/error.ts'
import type { Json } from '../../../domain/json.ts'
import { EXIT } from '../../../domain/verdict.ts'
import { isChanged, isForbidden, isUnanswered } from '../api/api-error.ts'
import { type Cluster, reconnect } from '../api/cluster.ts'
import { kubectlKind, objectPath } from '../api/kinds.ts'
import { at, escapePointer, type K8sObject, type PatchStep } from '../api/objects.ts'
import { kindOf, labelOf, namespaceOf, type ObjectRef } from '../target/target.ts'
import { kubectl } from './kubectl.ts'
import { EXPIRES_LABEL, markedBy, markOf, PRIOR_ANNOTATION, RUN_LABEL, UNDO_ANNOTATION } from './marks.ts'
import { addEntries, type Edit, fingerprintOf, type Guard, hiddenValues, injectSteps, inTemplate, isBack, isOurs } from './patch.ts'

/** What undoing a patched object needs. */
export type PatchUndo = {
  readonly object: ObjectRef
  readonly edits: readonly Edit[]
  readonly guards: readonly Guard[]
}

/** What a fault wants to change in an object as it is now. */
export interface Wanted {
  readonly edits: readonly Edit[]
  /** What must still be so for the paths to mean the same. */
  readonly guards?: readonly Guard[]
}

/** The pinned object as it is now. Throws a DrillError (refused) when it is gone, is another one, or is still faulted by another run. */
export async function readPinned(cluster: Cluster, ref: ObjectRef, context: Context): Promise<K8sObject> {
  const object = await cluster.find(kindOf(ref), namespaceOf(ref), ref.name, context)
  if (!object) throw refused(`${labelOf(ref)} is gone`, 'TARGET_GONE', ['firedrill plan FILE'])
  if (object.metadata.uid !== ref.uid) throw refused(`${labelOf(ref)} is another one by now`, 'TARGET_REPLACED', ['firedrill plan FILE'])
  const by = markedBy(object)
  if (by !== undefined && by !== context.run)
    throw refused(`${labelOf(ref)} is still faulted by the run ${by}`, 'STILL_FAULTED', [
      `firedrill undo --run ${by} --store kubernetes:${ref.cluster.context}`,
    ])
  return object
}

/** The cluster of what is pinned, and `readPinned` there. */
export async function openPinned(ref: ObjectRef, context: Context): Promise<{ readonly cluster: Cluster; readonly object: K8sObject }> {
  const cluster = await reconnect(ref.cluster, context)
  return { cluster, object: await readPinned(cluster, ref, context) }
}

/** The object is still this one; `exactly`: and nobody has written it since it was read. */
export const testSteps = ({ metadata }: K8sObject, guards: readonly Guard[], exactly = true): readonly PatchStep[] => [
  { op: 'test', path: '/metadata/uid', value: metadata.uid },
  ...(exactly ? [{ op: 'test', path: '/metadata/resourceVersion', value: metadata.resourceVersion } as const] : []),
  ...guards.map(({ path, value }) => ({ op: 'test', path, value }) as const),
]

/**
 * Plans a patch: tried on the server itself without effect (`dryRun=All` runs admission and validation), which also shows what the server
 * makes of the values.
 */
export async function planPatch(ref: ObjectRef, wanted: (object: K8sObject) => Wanted, context: Context): Promise<Mutation<PatchUndo>> {
  const { cluster, object } = await openPinned(ref, context)
  const { edits: asked, guards = [] } = wanted(object)
  if (asked.every((edit) => isOurs(object, edit)))
    throw refused(`${labelOf(ref)} is already as the fault would make it`, 'ALREADY_SO', ['firedrill plan FILE'])
  const edits = await asTheServerKeepsThem(cluster, ref, object, asked, context)
  const undo: PatchUndo = { object: ref, edits, guards }
  return {
    call: patchCommand(ref, injectSteps(object, asked)),
    undo,
    command: undoCommand(undo, context.run),
    prior: priorSeen(object, edits),
  }
}

async function asTheServerKeepsThem(
  cluster: Cluster,
  ref: ObjectRef,
  object: K8sObject,
  edits: readonly Edit[],
  context: Context,
): Promise<readonly Edit[]> {
  try {
    const path = objectPath(kindOf(ref), namespaceOf(ref), ref.name)
    const tried = JSON.parse(
      await cluster.ask(
        {
          method: 'PATCH',
          path,
          body: injectSteps(object, edits),
          contentType: 'application/json-patch+json',
          query: { dryRun: 'All', fieldManager: 'firedrill' },
          idempotent: true,
        },
        context,
      ),
    ) as K8sObject
    return edits.map((edit) => (edit.what === 'element' || edit.ours === null ? edit : keptAs(tried, edit)))
  } catch (error) {
    // The check of rights says it in words, together with all other rights that are missing.
    if (isForbidden(error)) return edits
    throw error
  }
}

function keptAs<E extends Exclude<Edit, { what: 'element' }>>(tried: K8sObject, edit: E): E {
  const value = at(tried, edit.path)
  return { ...edit, ours: value === undefined ? null : { value } }
}

/** What identifies the state that undo goes back to; of a hidden value a fingerprint. */
const priorSeen = (object: K8sObject, edits: readonly Edit[]): Json =>
  Object.fromEntries(
    edits.map((edit) => {
      const value = at(object, edit.path)
      return [edit.path, edit.what === 'hidden' ? { fingerprint: fingerprintOf(value ?? null) } : (value ?? null)]
    }),
  )

const patchCommand = ({ cluster, kind, namespace, name }: ObjectRef, steps: readonly PatchStep[]): string =>
  kubectl(cluster, namespace, 'patch', kubectlKind(kindOf({ kind })), name, '--type=json', '-p', JSON.stringify(steps))

/** What the undo takes away again. */
export const MARK_LABELS = [RUN_LABEL, EXPIRES_LABEL]
export const MARK_ANNOTATIONS = [UNDO_ANNOTATION, PRIOR_ANNOTATION]

/** The guarded patch that a person would type; where a value stands on the object alone, only firedrill can read it back. */
function undoCommand(undo: PatchUndo, run: string): string {
  if (undo.edits.some(({ what }) => what !== 'field')) return `firedrill undo --run ${run}`
  const marks = [
    `/metadata/annotations/${escapePointer(UNDO_ANNOTATION)}`,
    ...MARK_LABELS.map((key) => `/metadata/labels/${escapePointer(key)}`),
  ]
  return `${patchCommand(undo.object, [...stepsByHand(undo), ...marks.map((path) => ({ op: 'remove', path }) as const)])}${andThen(undo)}`
}

/** What a StatefulSet waits for, whatever its template says by then. */
const andThen = ({ object, edits }: PatchUndo): string =>
  object.kind === 'statefulset' && edits.some(inTemplate) ? '   # then delete the pod that does not become ready' : ''

/** The same for an object that has lost its mark. Hidden values are left out: nobody knows them any more. */
export const unmarkedCommand = (undo: PatchUndo): string => `${patchCommand(undo.object, stepsByHand(undo))}${andThen(undo)}`

const stepsByHand = ({ edits, guards }: PatchUndo): readonly PatchStep[] => [
  ...guards.map(({ path, value }) => ({ op: 'test', path, value }) as const),
  ...edits.flatMap((edit): PatchStep[] => {
    if (edit.what !== 'field') return []
    const { path, ours, before } = edit
    return [
      ...(ours === null ? [] : [{ op: 'test', path, value: ours.value } as const]),
      ...(before === null
        ? [{ op: 'remove', path } as const]
        : [{ op: ours === null ? 'add' : 'replace', path, value: before.value } as const]),
    ]
  }),
]

/** Of a patch that somebody else's write came before. */
export const RETRIES = 12
/** So often the object must be the very version that was read; after that, what matters in it must be as it was read. */
export const EXACT_TRIES = 4

/**
 * These are still as they were looked at, or still missing: that is `null`, which API servers let stand for a value that is not there. One that
 * does not refuses the patch, and nothing is done.
 */
export const unchanged = (object: K8sObject, paths: readonly string[]): readonly PatchStep[] =>
  paths.map((path) => ({ op: 'test', path, value: at(object, path) ?? null }))

/** Where a mark goes: nobody else's is there, nor anything else that writing it would replace. */
function markPlaces(object: K8sObject): readonly string[] {
  const { labels, annotations } = object.metadata
  return [
    labels === undefined ? '/metadata/labels' : `/metadata/labels/${escapePointer(RUN_LABEL)}`,
    annotations === undefined ? '/metadata/annotations' : `/metadata/annotations/${escapePointer(UNDO_ANNOTATION)}`,
  ]
}
/** Whether it arrived, a second look tells. */
const UNANSWERED = 2

/**
 * Makes the edits and the mark in one patch that holds only if the object is still as it was planned. A conflict means that somebody wrote
 * it meanwhile: looked at again, and tried again unless what undo goes back to has changed.
 */
export async function injectPatch<Spec>(
  fault: Parameters<typeof markOf<Spec>>[0],
  input: FaultInput<Spec>,
  mutation: Mutation<PatchUndo>,
  context: Context,
): Promise<void> {
  context.signal.throwIfAborted()
  if (!mutation.undo) throw new Error(`${fault.name} was planned without an undo`)
  const { object: ref, edits, guards } = mutation.undo
  const cluster = await reconnect(ref.cluster, context)
  for (let tried = 1; ; tried++) {
    const object = await readPinned(cluster, ref, context)
    // A try whose answer was lost on the way.
    if (tried > 1 && markedBy(object) === context.run && edits.every((edit) => isOurs(object, edit))) return
    if (edits.some((edit) => !isBack(object, edit)))
      throw changed(`${labelOf(ref)} was changed since it was planned; nothing was done to it`)
    const mark = await markOf(fault, input, mutation, cluster, context, hiddenValues(object, edits))
    const exactly = tried <= EXACT_TRIES
    const steps = [
      ...testSteps(object, guards, exactly),
      ...(exactly ? [] : unchanged(object, [...edits.map(({ path }) => path), ...markPlaces(object)])),
      ...injectSteps(object, edits),
      ...addEntries(object, '/metadata/annotations', mark.annotations),
      ...addEntries(object, '/metadata/labels', mark.labels),
    ]
    try {
      await cluster.patch(kindOf(ref), namespaceOf(ref), ref.name, steps, context)
      return
    } catch (error) {
      const again = isChanged(error) ? RETRIES : isUnanswered(error) ? UNANSWERED : 0
      if (tried >= again) throw error
    }
  }
}

const changed = (message: string): DrillError =>
  new DrillError(message, { code: 'PRIOR_STATE_CHANGED', exit: EXIT.aborted, next: ['firedrill plan FILE'] })
