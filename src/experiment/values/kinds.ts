import { isMap, isScalar, isSeq, type Node, type Scalar, type YAMLMap } from 'yaml'
import type { Field, ShapeNode } from '../../domain/shape.ts'
import { spanOf } from '../document/document.ts'
import { nearest, oneOf } from '../document/suggest.ts'
import { asMap, type Entry, entriesOf, readFields, readJson, refuseUnknown } from './collections.ts'
import { readScalar, type ScalarNode } from './scalars.ts'
import { hasVariable, soleVariable } from './variables.ts'
import { child, type Place, sourceText, type Walk } from './walk.ts'

type Keyed = Extract<ShapeNode, { type: 'keyed' }>
type Tagged = Extract<ShapeNode, { type: 'tagged' }>

/** `{http: {…}, every: 1s}` → `{kind: 'http', spec: {…}, every: 1}`. */
export function readKeyed(node: Keyed, yaml: Node | null | undefined, place: Place, walk: Walk): unknown {
  const kinds = Object.keys(node.kinds)
  const map = asMap(yaml, place, walk, `a mapping with ${oneOf(kinds)}`)
  if (map === undefined) return undefined
  const isKind = (key: string): boolean =>
    Object.hasOwn(node.kinds, key) || (!Object.hasOwn(node.fields, key) && walk.isLater(node.what, key))
  const entries = entriesOf(map, place, walk, (key) => isKind(key) || Object.hasOwn(node.fields, key))
  const [kind, second] = entries.filter(({ key }) => isKind(key))
  if (second !== undefined) {
    const message = `${place.label} is of two kinds, ${kind?.key} and ${second.key}; a ${node.what} is of one`
    walk.report('error', 'KIND_TWICE', second.keySpan, message)
  }
  if (kind === undefined) return withoutKind(node, entries, place, walk)
  if (!Object.hasOwn(node.kinds, kind.key)) return laterKind(node, kind, entries, place, walk)
  const at = child(place, kind.key, kind.keySpan)
  walk.spots.set(at.path, { key: kind.keySpan, value: spanOf(kind.value, kind.keySpan) })
  const spec = walk.read(node.kinds[kind.key] ?? { type: 'json' }, kind.value, at, walk)
  const fields: Readonly<Record<string, Field>> = { ...node.fields, ...node.beside?.[kind.key] }
  refuseUnknown(
    entries.filter(({ key }) => !isKind(key)),
    Object.keys(fields),
    place,
    walk,
  )
  return { kind: kind.key, spec, ...readFields(fields, entries, place, walk) }
}

/** Says one thing: that a key is no kind, or that there is none at all. */
function withoutKind(node: Keyed, entries: readonly Entry[], place: Place, walk: Walk): unknown {
  const kinds = Object.keys(node.kinds)
  const besides = new Set(Object.values(node.beside ?? {}).flatMap((fields) => Object.keys(fields)))
  const unknown = entries.filter(({ key }) => !Object.hasOwn(node.fields, key) && !besides.has(key))
  const known = [...kinds, ...Object.keys(node.fields)]
  if (unknown.length === 0)
    walk.report('error', 'KIND_MISSING', place.span, `${place.label} does not say its kind: ${oneOf(kinds)}`, kinds[0])
  for (const { key, keySpan } of unknown)
    walk.report('error', 'KIND_UNKNOWN', keySpan, `${key} is not a kind of ${node.what}; there is ${oneOf(kinds)}`, nearest(key, known))
  return readFields(node.fields, entries, place, walk)
}

function laterKind(node: Keyed, kind: Entry, entries: readonly Entry[], place: Place, walk: Walk): unknown {
  walk.later.push({ what: node.what, name: kind.key, span: kind.keySpan })
  for (const { key, keySpan, value } of entries) if (!Object.hasOwn(node.fields, key)) readJson(value, child(place, key, keySpan), walk)
  walk.leaveOpen()
  return { kind: kind.key, ...readFields(node.fields, entries, place, walk) }
}

/** `{name: a, fault: process/kill, signal: TERM}` → `{name: 'a', fault: 'process/kill', spec: {signal: 'TERM'}}`. */
export function readTagged(node: Tagged, yaml: Node | null | undefined, nowhere: Place, walk: Walk): unknown {
  const map = asMap(yaml, nowhere, walk, `a mapping with ${node.tag}`)
  if (map === undefined) return undefined
  const place = byName(node, map, nowhere)
  const kind = tagOf(node, map, place, walk)
  const own = kind === undefined ? {} : ownFields(node, kind)
  const fields = { ...node.fields, ...own }
  const entries = entriesOf(map, place, walk, (key) => key === node.tag || Object.hasOwn(fields, key))
  const common = readFields(node.fields, entries, place, walk)
  if (kind === undefined) return common
  if (!Object.hasOwn(node.kinds, kind)) {
    readLoosely(node, kind, entries, place, walk)
    return { ...common, [node.tag]: kind }
  }
  const untagged = entries.filter(({ key }) => key !== node.tag)
  refuseUnknown(untagged, Object.keys(fields), place, walk)
  return { ...common, [node.tag]: kind, spec: readFields(own, entries, place, walk) }
}

/** The kind, its variables replaced; undefined when it is missing or no text. */
function tagOf(node: Tagged, map: YAMLMap, place: Place, walk: Walk): string | undefined {
  const pair = map.items.find(({ key }) => isScalar(key) && sourceText(key) === node.tag)
  if (pair === undefined) {
    const suggestion = `${node.tag}: ${Object.keys(node.kinds)[0] ?? '…'}`
    walk.report('error', 'FIELD_MISSING', place.span, `${place.label} has no ${node.tag}`, suggestion)
    return undefined
  }
  const value = (pair.value ?? undefined) as Node | undefined
  const key = spanOf(pair.key as Node, place.span)
  const at = child(place, node.tag, key)
  walk.spots.set(at.path, { key, value: spanOf(value, key) })
  const kind = readScalar({ type: 'text', interpolate: true }, value, at, walk)
  return typeof kind === 'string' ? kind : undefined
}

/** Called what the writer calls it. */
function byName(node: Tagged, map: YAMLMap, place: Place): Place {
  const name = map.items.find(({ key }) => isScalar(key) && sourceText(key) === 'name')?.value
  return isScalar(name) && name.value !== null ? { ...place, label: `${node.what} ${sourceText(name)}` } : place
}

/** The fields of a kind, which join the common ones. A kind without an object shape has none. */
function ownFields(node: Tagged, kind: string): Readonly<Record<string, Field>> {
  const shape = Object.hasOwn(node.kinds, kind) ? node.kinds[kind] : undefined
  return shape?.type === 'object' ? shape.fields : {}
}

/** A kind that cannot be held to its fields: it is to come, or a variable will say what it is; else it is wrong. */
function readLoosely(node: Tagged, kind: string, entries: readonly Entry[], place: Place, walk: Walk): void {
  walk.leaveOpen()
  const span = walk.spots.get(child(place, node.tag, place.span).path)?.value ?? place.span
  const isLater = walk.isLater(node.tag, kind)
  if (isLater) walk.later.push({ what: node.tag, name: kind, span })
  if (isLater || hasVariable(kind)) {
    for (const { key, keySpan, value } of entries) if (!Object.hasOwn(node.fields, key)) readJson(value, child(place, key, keySpan), walk)
    return
  }
  const kinds = Object.keys(node.kinds)
  walk.report('error', 'KIND_UNKNOWN', span, `There is no ${node.what} “${kind}”; there is ${oneOf(kinds)}`, nearest(kind, kinds))
}

/** The first shape that fits what stands there; among several for a text, the first that reads it. */
export function readEither(node: Extract<ShapeNode, { type: 'either' }>, yaml: Node | null | undefined, place: Place, walk: Walk): unknown {
  const candidates = flatten(node.of)
  const secret = candidates.find(({ type }) => type === 'secret')
  if (secret && isScalar(yaml) && soleVariable(sourceText(yaml)) !== undefined) return walk.read(secret, yaml, place, walk)
  if (secret && isScalar(yaml) && refusesMixed(yaml, place, walk)) return undefined
  const fitting = candidates.filter((candidate) => fits(candidate, yaml))
  const first = fitting[0] ?? candidates[0]
  const chosen = fitting.length < 2 ? first : (fitting.find((candidate) => readsQuietly(candidate, yaml, place, walk)) ?? first)
  return chosen === undefined ? undefined : walk.read(chosen, yaml, place, walk)
}

/** What may be secret is taken whole, or it would stand in the plan and the record. */
function refusesMixed(scalar: Scalar, place: Place, walk: Walk): boolean {
  const [name] = walk.variables.fromEnvironment(sourceText(scalar))
  if (name === undefined) return false
  const message = `${place.label} may hold a secret, and $${name} comes from the environment: put the whole value into one variable`
  walk.report('error', 'SECRET_MIXED', spanOf(scalar, place.span), message, '{env: NAME}')
  return true
}

const flatten = (nodes: readonly ShapeNode[]): readonly ShapeNode[] =>
  nodes.flatMap((node) => (node.type === 'either' ? flatten(node.of) : [node]))

function fits(node: ShapeNode, yaml: Node | null | undefined): boolean {
  switch (node.type) {
    case 'json':
      return true
    case 'list':
      return isSeq(yaml)
    case 'map':
    case 'object':
    case 'keyed':
    case 'tagged':
    case 'secret':
      return isMap(yaml)
    case 'either':
      return node.of.some((inner) => fits(inner, yaml))
    default:
      node satisfies ScalarNode
      return isScalar(yaml)
  }
}

function readsQuietly(node: ShapeNode, yaml: Node | null | undefined, place: Place, walk: Walk): boolean {
  let wrong = false
  const report: Walk['report'] = (severity) => {
    wrong ||= severity === 'error'
  }
  const trial: Walk = { ...walk, report, refs: [], later: [], spots: new Map(), leaveOpen: () => undefined }
  trial.read(node, yaml, place, trial)
  return !wrong
}

const SOURCES = ['env', 'file', 'secret'] as const

/** `{env: N}`, `{file: P}` or `{secret: URI}`, or `$NAME` alone; never the secret itself. */
export function readSecret(yaml: Node | null | undefined, place: Place, walk: Walk): unknown {
  const span = spanOf(yaml, place.span)
  if (isScalar(yaml) && yaml.value !== null) {
    const variable = soleVariable(sourceText(yaml))
    if (variable !== undefined) {
      const value = walk.variables.secret(variable, span)
      if (value === undefined) walk.leaveOpen()
      return value
    }
    const message = `${place.label} is a secret; it stands in the file by reference: {env: NAME}, {file: PATH} or {secret: URI}`
    walk.report('error', 'SECRET_IN_FILE', span, message, '{env: NAME}')
    return undefined
  }
  const map = asMap(yaml, place, walk, 'a secret by reference: {env: NAME}, {file: PATH} or {secret: URI}')
  if (map === undefined) return undefined
  const entries = entriesOf(map, place, walk, (key) => SOURCES.some((source) => source === key))
  refuseUnknown(entries, SOURCES, place, walk)
  const [first, second] = entries
  if (first === undefined || second !== undefined)
    walk.report('error', 'SECRET_SHAPE', second?.keySpan ?? span, `${place.label} has exactly one of env, file and secret`)
  if (first === undefined) return undefined
  return { [first.key]: readScalar({ type: 'text', interpolate: false }, first.value, child(place, first.key, first.keySpan), walk) }
}
