import type { Context } from '../../../contracts/context.ts'
import type { UndoOutcome } from '../../../domain/undo.ts'
import { isChanged } from '../api/api-error.ts'
import { type Cluster, reconnect } from '../api/cluster.ts'
import { at, escapePointer, type K8sObject, type PatchStep, sameJson } from '../api/objects.ts'
import { kindOf, labelOf, namespaceOf } from '../target/target.ts'
import { markedBy, PRIOR_ANNOTATION, RUN_LABEL, UNDO_ANNOTATION } from './marks.ts'
import { type Edit, type Guard, type Hidden, isBack, isOurs, priorOf, removeEntries, undoSteps } from './patch.ts'
import { EXACT_TRIES, MARK_ANNOTATIONS, MARK_LABELS, type PatchUndo, RETRIES, testSteps, unchanged, unmarkedCommand } from './patched.ts'
import { freeStuckPods, isWorkload, mayGetStuck, tidyCopies } from './rollout.ts'

const NOTHING_HIDDEN: Hidden = { key: '', values: {} }

function hiddenIn({ metadata }: K8sObject): Hidden {
  try {
    return { ...NOTHING_HIDDEN, ...(JSON.parse(metadata.annotations?.[PRIOR_ANNOTATION] ?? '{}') as Partial<Hidden>) }
  } catch {
    return NOTHING_HIDDEN
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
      return await putBack(cluster, object, record, tried <= EXACT_TRIES, context)
    } catch (error) {
      if (!isChanged(error) || tried >= RETRIES) throw error
    }
  }
}

/** The outcome where nothing is to be done, or nothing can be; undefined: it carries our mark. */
function outcomeAsItIs(object: K8sObject | undefined, record: PatchUndo, run: string): UndoOutcome | undefined {
  const { object: ref, edits } = record
  if (!object) return { state: 'not-needed', verified: true, detail: `${labelOf(ref)} is gone, and the fault with it` }
  if (object.metadata.uid !== ref.uid)
    return { state: 'not-needed', verified: true, detail: `${labelOf(ref)} was made anew since, without the fault` }
  if (markedBy(object) === run) return isTheMarks(object, record) ? undefined : foreignRecord(record)
  const left = edits.filter((edit) => isOurs(object, edit) && !isBack(object, edit))
  if (left.length === 0) return { state: 'not-injected', verified: true, detail: `${labelOf(ref)} carries nothing of this run` }
  return {
    state: 'failed',
    verified: false,
    detail: `somebody removed this run's mark from ${labelOf(ref)}, and ${left.map(({ path }) => path).join(', ')} is still what the fault wrote; ${byHand(record)}`,
  }
}

/**
 * The record is the very one that stands on the object. Whoever may write one elsewhere (a ConfigMap of a store that others use) has no say in
 * what a fault of ours is put back to.
 */
function isTheMarks({ metadata }: K8sObject, { edits }: PatchUndo): boolean {
  try {
    const { data } = JSON.parse(metadata.annotations?.[UNDO_ANNOTATION] ?? '') as { readonly data: Partial<PatchUndo> }
    return sameJson(data.edits, edits)
  } catch {
    return false
  }
}

const foreignRecord = ({ object: ref }: PatchUndo): UndoOutcome => ({
  state: 'failed',
  verified: false,
  detail: `this record is not the one in the annotation ${UNDO_ANNOTATION} of ${labelOf(ref)}: somebody changed one of them, and which is true nobody can tell`,
})

/** What was hidden stood in the mark: with that it is lost to everybody but whoever wrote it. */
function byHand(record: PatchUndo): string {
  const hidden = record.edits.filter(({ what }) => what === 'hidden')
  if (hidden.length > 0)
    return `what ${hidden.map(({ path }) => path).join(', ')} was stood in that mark alone: put it back from where it is kept`
  return `if that is not wanted: ${unmarkedCommand(record)}`
}

async function putBack(cluster: Cluster, object: K8sObject, record: PatchUndo, exact: boolean, context: Context): Promise<UndoOutcome> {
  const { object: ref, edits, guards } = record
  const hidden = hiddenIn(object)
  const moved = guards.filter(({ path, value }) => !sameJson(at(object, path), value))
  const ours = moved.length > 0 ? [] : edits.filter((edit) => isOurs(object, edit))
  const lost = ours.filter((edit) => edit.what !== 'element' && priorOf(edit, hidden) === undefined)
  if (lost.length > 0)
    return {
      state: 'failed',
      verified: false,
      detail: `the annotation ${PRIOR_ANNOTATION} of ${labelOf(ref)} no longer says what ${lost.map(({ path }) => path).join(', ')} was`,
    }
  const back = [
    ...asItIs(object, edits, ours, exact, context.run),
    ...(moved.length > 0 ? [] : guards.map(({ path, value }) => ({ op: 'test', path, value }) as const)),
    ...ours.flatMap((edit) => undoSteps(object, edit, hidden)),
  ]
  const write = (steps: readonly PatchStep[]): Promise<unknown> => cluster.patch(kindOf(ref), namespaceOf(ref), ref.name, steps, context)
  let freed = 0
  if (moved.length === 0 && mayGetStuck(ref, object, edits)) {
    // The mark goes last: whoever undoes it after a crash in between finds that there is something left to do.
    if (ours.length > 0) await write(back)
    freed = await freeStuckPods(cluster, ref, edits, context)
    const now = await cluster.get(kindOf(ref), namespaceOf(ref), ref.name, context)
    await write([...asItIs(now, [], [], exact, context.run), ...withoutMark(now)])
  } else await write([...back, ...withoutMark(object)])
  if (isWorkload(ref)) await tidyCopies(cluster, ref, context)
  const left = await cluster.get(kindOf(ref), namespaceOf(ref), ref.name, context)
  return moved.length > 0 ? movedAway(left, record, moved) : readBack(left, record, ours, hidden, freed)
}

/**
 * The object is still as it was looked at, as far as it matters. What was written can be tested for, and then it does not matter who writes the
 * rest of the object all the time; that a field is still missing, or that somebody else's value is still there, the version tells best.
 */
function asItIs(object: K8sObject, edits: readonly Edit[], ours: readonly Edit[], exact: boolean, run: string): readonly PatchStep[] {
  const unsure = edits.filter((edit) => edit.what !== 'element' && (!ours.includes(edit) || edit.ours === null))
  return [
    ...testSteps(object, [], exact && unsure.length > 0),
    { op: 'test', path: `/metadata/labels/${escapePointer(RUN_LABEL)}`, value: run },
    ...(exact
      ? []
      : unchanged(
          object,
          unsure.map(({ path }) => path),
        )),
  ]
}

const withoutMark = (object: K8sObject): readonly PatchStep[] => [
  ...removeEntries(object, '/metadata/annotations', MARK_ANNOTATIONS),
  ...removeEntries(object, '/metadata/labels', MARK_LABELS),
]

/** The paths mean something else by now. */
const movedAway = (object: K8sObject, { object: ref }: PatchUndo, moved: readonly Guard[]): UndoOutcome => ({
  state: 'drifted',
  verified: markedBy(object) === undefined,
  detail: `somebody else moved ${moved.map(({ value }) => JSON.stringify(value)).join(', ')} of ${labelOf(ref)} meanwhile; it was left as it is`,
})

function readBack(
  object: K8sObject,
  { object: ref, edits }: PatchUndo,
  ours: readonly Edit[],
  { key }: Hidden,
  freed: number,
): UndoOutcome {
  const also = freed === 0 ? '' : `; ${freed} of its pods could not become ready and made way`
  const verified = markedBy(object) === undefined && ours.every((edit) => isBack(object, edit, key))
  const drifted = edits.filter((edit) => !ours.includes(edit) && !isBack(object, edit, key))
  if (drifted.length === 0)
    return { state: 'undone', verified, detail: `${labelOf(ref)}: ${edits.map(({ path }) => path).join(', ')} is as it was${also}` }
  return {
    state: 'drifted',
    verified,
    detail: `somebody else changed ${drifted.map(({ path }) => path).join(', ')} of ${labelOf(ref)} meanwhile; it was left as it is${also}`,
  }
}
