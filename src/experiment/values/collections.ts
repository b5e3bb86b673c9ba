import { isMap, isScalar, isSeq, type Node, type Pair, type YAMLMap } from 'yaml'
import type { Json } from '../../domain/json.ts'
import type { Field, ShapeNode } from '../../domain/shape.ts'
import type { Span } from '../document/diagnostic.ts'
import { spanOf } from '../document/document.ts'
import { nearest, oneOf } from '../document/suggest.ts'
import { NAME } from './scalars.ts'
import { child, inside, type Place, sourceText, type Walk } from './walk.ts'

/** One key of a mapping with its value. */
export interface Entry {
  readonly key: string
  readonly keySpan: Span
  readonly value: Node | null
}

/** The mapping's entries, each key once; says so where a key stands twice, is no text, or came out of a comma that nobody meant. */
export function entriesOf(map: YAMLMap, place: Place, walk: Walk, known: (key: string) => boolean): readonly Entry[] {
  const entries = new Map<string, Entry>()
  const pairs = map.items as readonly Pair<Node, Node | null>[]
  const cut = map.flow === true ? cutByComma(pairs, walk, known) : new Set<number>()
  pairs.forEach((pair, index) => {
    if (cut.has(index)) return
    const keySpan = spanOf(pair.key, place.span)
    if (!isScalar(pair.key)) {
      walk.report('error', 'KEY', keySpan, 'A key is a text')
      return
    }
    const key = sourceText(pair.key)
    if (key === '<<') return
    const first = entries.get(key)
    if (first !== undefined) {
      walk.report('error', 'DUPLICATE_KEY', keySpan, `${key} stands twice; the first is in line ${lineIn(walk.text, first.keySpan.start)}`)
      return
    }
    entries.set(key, { key, keySpan, value: pair.value })
  })
  return [...entries.values()]
}

const lineIn = (text: string, offset: number): number => text.slice(0, offset).split(/\r\n|\n|\r/).length

/** `{selector: a=b,c=d}`: to YAML `c=d` is a second key, without a value. */
function cutByComma(pairs: readonly Pair<Node, Node | null>[], walk: Walk, known: (key: string) => boolean): ReadonlySet<number> {
  const cut = new Set<number>()
  pairs.forEach((pair, index) => {
    const before = pairs.slice(0, index).findLast((_, i) => !cut.has(i))
    const value = before?.value
    if (pair.value !== null || !isScalar(pair.key) || known(sourceText(pair.key))) return
    if (before === undefined || !isScalar(before.key) || !isScalar(value) || value.type !== 'PLAIN') return
    cut.add(index)
    const span = spanOf(pair.key, { start: 0, end: 1 })
    const from = spanOf(value, span).start
    const key = sourceText(before.key)
    const meant = `${key}: "${walk.text.slice(from, span.end)}"`
    walk.report(
      'error',
      'CUT_BY_COMMA',
      span,
      `The comma ends ${key} here, and ${sourceText(pair.key)} becomes a key without a value: quote it`,
      meant,
    )
  })
  return cut
}

/** Says what is wrong when there is no mapping; `instead` is what to write for the scalar that stands there. */
export function asMap(yaml: Node | null | undefined, place: Place, walk: Walk, what: string, instead?: string): YAMLMap | undefined {
  if (isMap(yaml)) return yaml
  if (yaml === null || yaml === undefined || (isScalar(yaml) && yaml.value === null))
    walk.report('error', 'VALUE_MISSING', place.span, `${place.label} has no value; it is ${what}`, instead)
  else walk.report('error', 'WRONG_KIND', spanOf(yaml, place.span), `${place.label} is ${what}`, instead)
  return undefined
}

/** Reads the fields that are there and fills in the ones that are not. Unknown keys are the caller's. */
export function readFields(
  fields: Readonly<Record<string, Field>>,
  entries: readonly Entry[],
  place: Place,
  walk: Walk,
): Record<string, unknown> {
  const read: Record<string, unknown> = {}
  for (const { key, keySpan, value } of entries) {
    const field = Object.hasOwn(fields, key) ? fields[key] : undefined
    if (field === undefined) continue
    const at = child(place, key, keySpan)
    walk.spots.set(at.path, { key: keySpan, value: spanOf(value, keySpan) })
    read[key] = walk.read(field.node, value, at, walk)
  }
  for (const [key, field] of Object.entries(fields)) {
    if (entries.some((entry) => entry.key === key)) continue
    if (field.required) walk.report('error', 'FIELD_MISSING', place.span, `${place.label} has no ${key}`, example(key, field.node))
    else if (field.fallback !== undefined) read[key] = readFallback(field.node, field.fallback, child(place, key, place.span), walk)
  }
  return read
}

const MEASURED: ReadonlySet<ShapeNode['type']> = new Set(['duration', 'rate', 'percent', 'size'])

/** As if it had been written there; a number for a measured value is in the program's own unit. */
const readFallback = (node: ShapeNode, fallback: Json, place: Place, walk: Walk): unknown =>
  typeof fallback === 'number' && MEASURED.has(node.type) ? fallback : walk.read(node, walk.fallback(fallback), place, walk)

const EXAMPLES: Readonly<Partial<Record<ShapeNode['type'], string>>> = {
  duration: '30s',
  rate: '50/s',
  percent: '99%',
  size: '64KB',
  flag: 'true',
  number: '1',
  object: '{…}',
  keyed: '{…}',
  map: '{…}',
  list: '[…]',
}
const example = (key: string, node: ShapeNode): string => {
  const choice = node.type === 'choice' ? node.values[0] : undefined
  return `${key}: ${node.examples?.[0] ?? choice ?? EXAMPLES[node.type] ?? '…'}`
}

/** One error a key that nobody reads. */
export function refuseUnknown(entries: readonly Entry[], known: readonly string[], place: Place, walk: Walk): void {
  for (const { key, keySpan } of entries) {
    if (known.includes(key)) continue
    const message = `${key} is not a key of ${place.label}; it has ${known.length === 0 ? 'none' : oneOf(known)}`
    walk.report('error', 'UNKNOWN_KEY', keySpan, message, nearest(key, known))
  }
}

/** A mapping with known keys: unknown and missing ones are reported, the rest is read. */
export function readObject(node: Extract<ShapeNode, { type: 'object' }>, yaml: Node | null | undefined, place: Place, walk: Walk): unknown {
  const known = Object.keys(node.fields)
  const isBounds = known.length > 0 && known.every((key) => key === 'min' || key === 'max')
  const map = asMap(
    yaml,
    place,
    walk,
    known.length > 0 ? `a mapping with ${oneOf(known)}` : 'a mapping',
    isBounds ? boundMeant(yaml) : undefined,
  )
  if (map === undefined) return undefined
  const entries = entriesOf(map, place, walk, (key) => known.includes(key))
  refuseUnknown(entries, known, place, walk)
  if (isBounds && entries.length === 0) walk.report('error', 'FIELD_MISSING', place.span, `${place.label} has neither min nor max`)
  return readFields(node.fields, entries, place, walk)
}

function boundMeant(yaml: Node | null | undefined): string | undefined {
  if (!isScalar(yaml) || yaml.value === null) return undefined
  const [, operator, bound] = /^(<=|<|>=|>|==?)?\s*(\S+)$/.exec(sourceText(yaml)) ?? []
  if (bound === undefined) return undefined
  return operator?.startsWith('<') ? `{max: ${bound}}` : `{min: ${bound}}`
}

/** A mapping of names to values of one shape. */
export function readMapping(node: Extract<ShapeNode, { type: 'map' }>, yaml: Node | null | undefined, place: Place, walk: Walk): unknown {
  const map = asMap(yaml, place, walk, 'a mapping of names')
  if (map === undefined) return undefined
  const entries = entriesOf(map, place, walk, () => false)
  if (entries.length < node.min) walk.report('error', 'TOO_FEW', place.span, `${place.label} needs at least ${node.min}`)
  const read = entries.map(({ key, keySpan, value }): readonly [string, unknown] => {
    const at = child(place, key, keySpan)
    if (node.key === 'name' && !NAME.test(key))
      walk.report('error', 'NOT_A_NAME', keySpan, `“${key}” is not a name: letters, digits, - and _, a letter first`)
    walk.spots.set(at.path, { key: keySpan, value: spanOf(value, keySpan) })
    return [key, walk.read(node.value, value, at, walk)]
  })
  return Object.fromEntries(read)
}

/** A list of values of one shape; a single value is not taken for a list. */
export function readList(node: Extract<ShapeNode, { type: 'list' }>, yaml: Node | null | undefined, place: Place, walk: Walk): unknown {
  if (!isSeq(yaml)) {
    const empty = yaml === null || yaml === undefined || (isScalar(yaml) && yaml.value === null)
    const code = empty ? 'VALUE_MISSING' : 'WRONG_KIND'
    const span = empty ? place.span : spanOf(yaml, place.span)
    const text = walk.text.slice(span.start, span.end)
    const instead = !empty && !text.includes('\n') ? `[${text}]` : undefined
    walk.report('error', code, span, `${place.label} is a list`, instead)
    return undefined
  }
  const items = yaml.items as readonly (Node | null)[]
  if (items.length < node.min) walk.report('error', 'TOO_FEW', spanOf(yaml, place.span), `${place.label} needs at least ${node.min}`)
  return items.map((item, index) => {
    const whole = spanOf(item, place.span)
    const span = isScalar(item) ? whole : { start: whole.start, end: whole.start + 1 }
    const at = child(place, index, span, `${place.label}[${index}]`)
    walk.spots.set(at.path, { key: span, value: whole })
    return walk.read(node.item, item, at, walk)
  })
}

/** Any value as YAML 1.2 reads it, with `$NAME` replaced in its texts. */
export function readJson(yaml: Node | null | undefined, place: Place, walk: Walk): Json | undefined {
  if (yaml === null || yaml === undefined) return null
  if (isMap(yaml)) {
    const entries = entriesOf(yaml, place, walk, () => false)
    return Object.fromEntries(entries.map(({ key, keySpan, value }) => [key, readJson(value, child(place, key, keySpan), walk)]))
  }
  if (isSeq(yaml))
    return (yaml.items as readonly (Node | null)[]).map((item, i) => readJson(item, child(place, i, place.span), walk) ?? null)
  if (!isScalar(yaml)) return undefined
  const span = spanOf(yaml, place.span)
  const { value } = yaml
  if (typeof value === 'string') {
    const { text, complete } = walk.variables.expand(sourceText(yaml), inside(yaml, walk.text, span))
    if (!complete) walk.leaveOpen()
    return text
  }
  if (value === null || typeof value === 'boolean' || (typeof value === 'number' && Number.isFinite(value))) return value
  walk.report('error', 'NOT_JSON', span, `${sourceText(yaml)} has no place in JSON: quote it`, `"${sourceText(yaml)}"`)
  return undefined
}
