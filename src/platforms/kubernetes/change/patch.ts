import { createHmac, randomBytes } from 'node:crypto'
import type { Json } from '../../../domain/json.ts'
import { at, escapePointer, type K8sObject, type PatchStep, sameJson } from '../api/objects.ts'

/** A value, or its absence. */
export type Slot = { readonly value: Json } | null

/**
 * One thing that a fault changes in an object. A `field` is set to `ours` (null: removed). An `element` is added to a list and found again by
 * being equal. `hidden` fields may hold a secret: their prior value stands on the object itself and nowhere else, here only a fingerprint whose
 * key stands there too, so that nobody can try out from a journal what the secret was.
 */
export type Edit =
  | { readonly what: 'field'; readonly path: string; readonly ours: Slot; readonly before: Slot }
  | { readonly what: 'hidden'; readonly path: string; readonly ours: Slot; readonly fingerprint: string }
  | { readonly what: 'element'; readonly path: string; readonly element: Json }

/** What must still be so for the paths to mean the same: the name of the container that an index stands for. */
export type Guard = {
  readonly path: string
  readonly value: Json
}

/** What a workload's pods are made from stands below this. */
const TEMPLATE = '/spec/template'
export const inTemplate = ({ path }: Pick<Edit, 'path'>): boolean => path.startsWith(`${TEMPLATE}/`)
/** The same place in a pod that was made from the template. */
export const inPod = (path: string): string => path.slice(TEMPLATE.length)

/** Prior values that stand on an object alone, by JSON pointer, and the key of their fingerprints. */
export interface Hidden {
  readonly key: string
  readonly values: Readonly<Record<string, Json>>
}

/** Of this process: what it plans it can tell again, and whoever undoes reads the key from the object. */
const KEY = randomBytes(16).toString('base64')

export const fingerprintOf = (value: Json, key = KEY): string => createHmac('sha256', key).update(JSON.stringify(value)).digest('hex')

/** What the edits would hide of an object as it is. */
export const hiddenValues = (of: K8sObject, edits: readonly Edit[]): Hidden => ({
  key: KEY,
  values: Object.fromEntries(edits.flatMap(({ what, path }) => (what === 'hidden' ? [[path, at(of, path) ?? null]] : []))),
})

export const slotAt = (of: K8sObject, path: string): Slot => {
  const value = at(of, path)
  return value === undefined ? null : { value }
}

/** A field's edit, with what it is now as what it goes back to. */
export const field = (of: K8sObject, path: string, ours: Slot): Edit => ({ what: 'field', path, ours, before: slotAt(of, path) })

/** The same for a value that may be a secret; it must be there. */
export const hiddenField = (of: K8sObject, path: string, ours: Slot): Edit => ({
  what: 'hidden',
  path,
  ours,
  fingerprint: fingerprintOf(at(of, path) ?? null),
})

const elements = (of: K8sObject, path: string): readonly Json[] => {
  const list = at(of, path)
  return Array.isArray(list) ? (list as readonly Json[]) : []
}

const put = (of: K8sObject, path: string, slot: Slot): readonly PatchStep[] => {
  const there = at(of, path) !== undefined
  if (slot === null) return there ? [{ op: 'remove', path }] : []
  return [{ op: there ? 'replace' : 'add', path, value: slot.value }]
}

/** The steps that make the edits, in an object as it is. */
export const injectSteps = (of: K8sObject, edits: readonly Edit[]): readonly PatchStep[] =>
  edits.flatMap((edit) => {
    if (edit.what !== 'element') return put(of, edit.path, edit.ours)
    return elements(of, edit.path).length === 0
      ? [{ op: 'add', path: edit.path, value: [edit.element] } as const]
      : [{ op: 'add', path: `${edit.path}/-`, value: edit.element } as const]
  })

const isSlot = (of: K8sObject, path: string, slot: Slot): boolean => {
  const value = at(of, path)
  return slot === null ? value === undefined : sameJson(value, slot.value)
}

/** Whether the object still has what the fault wrote there. */
export const isOurs = (of: K8sObject, edit: Edit): boolean =>
  edit.what === 'element' ? indexIn(of, edit) >= 0 : isSlot(of, edit.path, edit.ours)

const indexIn = (of: K8sObject, { path, element }: Extract<Edit, { what: 'element' }>): number =>
  elements(of, path).findIndex((each) => sameJson(each, element))

/** What a field goes back to; undefined: it is hidden, and the object no longer says what it was. */
export function priorOf(edit: Exclude<Edit, { what: 'element' }>, { key, values }: Hidden): Slot | undefined {
  if (edit.what === 'field') return edit.before
  const value = values[edit.path]
  return value !== undefined && fingerprintOf(value, key) === edit.fingerprint ? { value } : undefined
}

/** Whether the object is as it was before the fault, as far as this edit goes. `key`: of hidden values; without it only who planned can tell. */
export function isBack(of: K8sObject, edit: Edit, key?: string): boolean {
  if (edit.what === 'element') return indexIn(of, edit) < 0
  if (edit.what === 'field') return isSlot(of, edit.path, edit.before)
  return fingerprintOf(at(of, edit.path) ?? null, key) === edit.fingerprint
}

/** Guarded steps that take one edit back, in an object as it is. */
export function undoSteps(of: K8sObject, edit: Edit, hidden: Hidden): readonly PatchStep[] {
  if (edit.what === 'element') {
    const path = `${edit.path}/${indexIn(of, edit)}`
    return [
      { op: 'test', path, value: edit.element },
      { op: 'remove', path },
    ]
  }
  const prior = priorOf(edit, hidden)
  if (prior === undefined) return []
  return [...(edit.ours === null ? [] : [{ op: 'test', path: edit.path, value: edit.ours.value } as const]), ...put(of, edit.path, prior)]
}

/** Adds entries to a map that may not be there. */
export function addEntries(of: K8sObject, map: string, entries: Readonly<Record<string, string>>): readonly PatchStep[] {
  if (at(of, map) === undefined) return [{ op: 'add', path: map, value: entries }]
  return Object.entries(entries).map(([key, value]) => ({ op: 'add', path: `${map}/${escapePointer(key)}`, value }))
}

/** Removes entries of a map that are there. */
export const removeEntries = (of: K8sObject, map: string, keys: readonly string[]): readonly PatchStep[] =>
  keys
    .map((key) => `${map}/${escapePointer(key)}`)
    .flatMap((path) => (at(of, path) === undefined ? [] : ([{ op: 'remove', path }] as const)))
