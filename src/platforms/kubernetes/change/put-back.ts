import type { Context } from '../../../contracts/context.ts'
import type { Json } from '../../../domain/json.ts'
import type { UndoOutcome } from '../../../domain/undo.ts'
import { isChanged } from '../api/api-error.ts'
import { type Cluster, reconnect } from '../api/cluster.ts'
import { escapePointer, type K8sObject } from '../api/objects.ts'
import { kindOf, labelOf, namespaceOf } from '../target/target.ts'
import { markedBy, PRIOR_ANNOTATION, RUN_LABEL } from './marks.ts'
import { type Edit, isBack, isOurs, priorOf, removeEntries, undoSteps } from './patch.ts'
import { MARK_ANNOTATIONS, MARK_LABELS, type PatchUndo, RETRIES, testSteps } from './patched.ts'

function hiddenIn({ metadata }: K8sObject): Readonly<Record<string, Json>> {
  try {
    return JSON.parse(metadata.annotations?.[PRIOR_ANNOTATION] ?? '{}') as Record<string, Json>
  } catch {
    return {}
  }
}

/** Puts back what is still ours, in one guarded patch together with the mark, and reads it back. */
export async function undoPatch(record: PatchUndo, context: Context): Promise<UndoOutcome> {
  const { object: ref } = record
  const cluster = await reconnect(ref.cluster, context)
  for (let tried = 1; ; tried++) {
    const object = await cluster.find(kindOf(ref), namespaceOf(ref), ref.name, context)
    const settled = outcomeAsItIs(object, record, context.run)
    if (settled) return settled
    if (!object) continue
    try {
      return await putBack(cluster, object, record, context)
    } catch (error) {
      if (!isChanged(error) || tried >= RETRIES) throw error
    }
  }
}

/** The outcome where nothing is to be done, or nothing can be; undefined: it carries our mark. */
function outcomeAsItIs(object: K8sObject | undefined, { object: ref, edits }: PatchUndo, run: string): UndoOutcome | undefined {
  if (!object) return { state: 'not-needed', verified: true, detail: `${labelOf(ref)} is gone, and the fault with it` }
  if (object.metadata.uid !== ref.uid)
    return { state: 'not-needed', verified: true, detail: `${labelOf(ref)} was made anew since, without the fault` }
  if (markedBy(object) === run) return undefined
  const left = edits.filter((edit) => isOurs(object, edit) && !isBack(object, edit))
  if (left.length === 0) return { state: 'not-injected', verified: true, detail: `${labelOf(ref)} carries nothing of this run` }
  return {
    state: 'failed',
    verified: false,
    detail: `somebody removed this run's mark from ${labelOf(ref)}, and ${left.map(({ path }) => path).join(', ')} is still what the fault wrote`,
  }
}

async function putBack(cluster: Cluster, object: K8sObject, record: PatchUndo, context: Context): Promise<UndoOutcome> {
  const { object: ref, edits, guards } = record
  const hidden = hiddenIn(object)
  const ours = edits.filter((edit) => isOurs(object, edit))
  const lost = ours.filter((edit) => edit.what !== 'element' && priorOf(edit, hidden) === undefined)
  if (lost.length > 0)
    return {
      state: 'failed',
      verified: false,
      detail: `the annotation ${PRIOR_ANNOTATION} of ${labelOf(ref)} no longer says what ${lost.map(({ path }) => path).join(', ')} was`,
    }
  const keptGuards = ours.length === edits.length ? guards : []
  // What was written can be tested for, and then it does not matter who writes the rest of the object all the time; that a field is still
  // missing, or that somebody else's value is still there, only the version tells.
  const exactly = ours.length < edits.length || ours.some((edit) => edit.what !== 'element' && edit.ours === null)
  const steps = [
    ...testSteps(object, keptGuards, exactly),
    { op: 'test', path: `/metadata/labels/${escapePointer(RUN_LABEL)}`, value: context.run } as const,
    ...ours.flatMap((edit) => undoSteps(object, edit, hidden)),
    ...removeEntries(object, '/metadata/annotations', MARK_ANNOTATIONS),
    ...removeEntries(object, '/metadata/labels', MARK_LABELS),
  ]
  await cluster.patch(kindOf(ref), namespaceOf(ref), ref.name, steps, context)
  return readBack(await cluster.get(kindOf(ref), namespaceOf(ref), ref.name, context), record, ours)
}

function readBack(object: K8sObject, { object: ref, edits }: PatchUndo, ours: readonly Edit[]): UndoOutcome {
  const verified = markedBy(object) === undefined && ours.every((edit) => isBack(object, edit))
  const drifted = edits.filter((edit) => !ours.includes(edit) && !isBack(object, edit))
  if (drifted.length === 0)
    return { state: 'undone', verified, detail: `${labelOf(ref)}: ${edits.map(({ path }) => path).join(', ')} is as it was` }
  return {
    state: 'drifted',
    verified,
    detail: `somebody else changed ${drifted.map(({ path }) => path).join(', ')} of ${labelOf(ref)} meanwhile; it was left as it is`,
  }
}
