import type { Registry } from '../contracts/registry.ts'
import type { Json, JsonObject } from '../domain/json.ts'
import type { Field, Shape, ShapeNode } from '../domain/shape.ts'
import { formatDuration, seconds } from '../domain/time.ts'
import { experimentShape } from './language/language.ts'

type Kinds = Readonly<Record<string, ShapeNode>>
type Fields = Readonly<Record<string, Field>>

/** How the names of kinds that are not built yet look, by what they are kinds of. */
type LaterNames = (what: string) => string | undefined

const VARIABLE = String.raw`\$[A-Za-z_]`
/** The pattern, or a text with a variable in it: what that stands for is not known to an editor. */
const orVariable = (pattern: string): string => `(?:${pattern})|${VARIABLE}`

/** Read from the source text, so that a number or a flag is as good as a text. */
const SOURCE = { type: ['string', 'number', 'boolean'] }
const NAME = String.raw`^[A-Za-z][A-Za-z0-9_-]*$`

const DEFINITIONS: JsonObject = {
  duration: {
    type: 'string',
    pattern: orVariable(String.raw`^(?:\d+(?:\.\d+)?(?:ms|[dhms]))+$`),
    description: 'A duration: 300ms, 30s, 1m30s, 2h, 30d.',
  },
  rate: { type: 'string', pattern: orVariable(String.raw`^\d+(?:\.\d+)?/[smh]$`), description: 'A rate: 50/s, 300/m, 7200/h.' },
  percent: { type: 'string', pattern: orVariable(String.raw`^(?:100(?:\.0+)?|\d{1,2}(?:\.\d+)?)%$`), description: 'A percentage: 99.9%.' },
  size: { type: 'string', pattern: orVariable(String.raw`^\d+(?:\.\d+)?(?:B|KB|MB|GB)$`), description: 'A size: 512B, 64KB, 1MB.' },
  name: { type: 'string', pattern: orVariable(NAME), description: 'A name: letters, digits, - and _, a letter first.' },
  secret: {
    description: 'A secret by reference, never itself.',
    anyOf: [
      { type: 'object', properties: { env: SOURCE }, required: ['env'], additionalProperties: false },
      { type: 'object', properties: { file: SOURCE }, required: ['file'], additionalProperties: false },
      { type: 'object', properties: { secret: SOURCE }, required: ['secret'], additionalProperties: false },
      { type: 'string', pattern: String.raw`^\$[A-Za-z_][A-Za-z0-9_]*$` },
    ],
  },
}

/** JSON Schema 2020-12 of an experiment file, for editors. What only firedrill can know (names that refer to others) is left to it. */
export function experimentJsonSchema(registry: Registry): JsonObject {
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'A firedrill experiment',
    ...schemaOf(experimentShape(registry).node, laterNames(registry)),
    $defs: DEFINITIONS,
  }
}

/** JSON Schema 2020-12 of one shape by itself, for the catalog. */
export function parametersJsonSchema(shape: Shape<unknown>): JsonObject {
  const schema = schemaOf(shape.node, () => undefined)
  const text = JSON.stringify(schema)
  const defs = Object.entries(DEFINITIONS).filter(([name]) => text.includes(`"#/$defs/${name}"`))
  return defs.length === 0 ? schema : { ...schema, $defs: Object.fromEntries(defs) }
}

function laterNames({ later }: Registry): LaterNames {
  const of = (what: string): readonly string[] => later.filter((entry) => entry.what === what).map(({ name }) => name)
  return (what) => {
    const prefixes = what === 'fault' || what === 'action' ? of('platform').map((name) => `${name}/[a-z0-9-]+`) : []
    const names = [...of(what), ...prefixes]
    return names.length === 0 ? undefined : `^(?:${names.join('|')})$`
  }
}

function schemaOf(node: ShapeNode, later: LaterNames): JsonObject {
  const { doc, examples } = node
  return { ...bare(node, later), ...(doc ? { description: doc } : {}), ...(examples ? { examples } : {}) }
}

function bare(node: ShapeNode, later: LaterNames): JsonObject {
  switch (node.type) {
    case 'text':
      return textSchema(node)
    case 'flag':
      return { anyOf: [{ type: 'boolean' }, { type: 'string', pattern: VARIABLE }] }
    case 'number':
      return { anyOf: [numberSchema(node), { type: 'string', pattern: VARIABLE }] }
    case 'duration':
    case 'rate':
    case 'percent':
    case 'size':
    case 'name':
    case 'secret':
      return { $ref: `#/$defs/${node.type}` }
    case 'ref':
      return { $ref: '#/$defs/name' }
    case 'choice':
      return { anyOf: [{ enum: choices(node.values) }, { type: 'string', pattern: VARIABLE }] }
    case 'json':
      return {}
    case 'list':
      return { type: 'array', items: schemaOf(node.item, later), ...(node.min > 0 ? { minItems: node.min } : {}) }
    case 'map':
      return mapSchema(node, later)
    case 'object':
      return objectSchema(node.fields, later)
    case 'keyed':
      return keyedSchema(node, later)
    case 'tagged':
      return taggedSchema(node, later)
    case 'either':
      return { anyOf: node.of.map((inner) => schemaOf(inner, later)) }
  }
}

function textSchema({ pattern, interpolate }: Extract<ShapeNode, { type: 'text' }>): JsonObject {
  if (pattern === undefined) return SOURCE
  return { ...SOURCE, pattern: interpolate ? orVariable(pattern.source) : pattern.source }
}

const numberSchema = ({ integer, min, max }: Extract<ShapeNode, { type: 'number' }>): JsonObject => ({
  type: integer ? 'integer' : 'number',
  ...(min === undefined ? {} : { minimum: min }),
  ...(max === undefined ? {} : { maximum: max }),
})

/** `1.2` among the words is a number to a YAML parser. */
const choices = (values: readonly string[]): readonly Json[] =>
  values.flatMap((value): readonly Json[] => {
    if (value === 'true' || value === 'false') return [value, value === 'true']
    return /^\d+(?:\.\d+)?$/.test(value) ? [value, Number(value)] : [value]
  })

const mapSchema = (node: Extract<ShapeNode, { type: 'map' }>, later: LaterNames): JsonObject => ({
  type: 'object',
  ...(node.key === 'name' ? { propertyNames: { pattern: NAME } } : {}),
  additionalProperties: schemaOf(node.value, later),
  ...(node.min > 0 ? { minProperties: node.min } : {}),
})

const propertiesOf = (fields: Fields, later: LaterNames): JsonObject =>
  Object.fromEntries(
    Object.entries(fields).map(([key, { node, fallback }]) => [
      key,
      { ...schemaOf(node, later), ...(fallback === undefined ? {} : { default: written(node, fallback) }) },
    ]),
  )

/** A default as it would stand in the file. */
function written(node: ShapeNode, fallback: Json): Json {
  if (typeof fallback !== 'number') return fallback
  if (node.type === 'duration') return formatDuration(seconds(fallback))
  if (node.type === 'rate') return `${fallback}/s`
  if (node.type === 'size') return `${fallback}B`
  return node.type === 'percent' ? `${fallback * 100}%` : fallback
}

const requiredOf = (fields: Fields): readonly string[] => Object.keys(fields).filter((key) => fields[key]?.required)

function objectSchema(fields: Fields, later: LaterNames): JsonObject {
  const keys = Object.keys(fields)
  const required = requiredOf(fields)
  const isBounds = keys.length > 0 && keys.every((key) => key === 'min' || key === 'max')
  return {
    type: 'object',
    properties: propertiesOf(fields, later),
    ...(required.length > 0 ? { required } : {}),
    ...(isBounds ? { minProperties: 1 } : {}),
    additionalProperties: false,
  }
}

/** Exactly one of the kinds; what only one kind takes hangs on its being there. A kind that is not built yet takes anything. */
function keyedSchema(node: Extract<ShapeNode, { type: 'keyed' }>, later: LaterNames): JsonObject {
  const { kinds, fields, beside = {}, what } = node
  const pattern = later(what)
  const own = new Set(Object.values(beside).flatMap((extra) => Object.keys(extra)))
  const required = requiredOf(fields)
  const conditions = Object.entries(beside).map(([kind, extra]) =>
    when(
      { required: [kind] },
      { properties: propertiesOf(extra, later), ...(requiredOf(extra).length > 0 ? { required: requiredOf(extra) } : {}) },
    ),
  )
  const notBeside = [...own].map((key) => {
    const takers = Object.keys(beside).filter((kind) => Object.hasOwn(beside[kind] ?? {}, key))
    return when({ required: [key] }, { anyOf: takers.map((kind) => ({ required: [kind] })) })
  })
  const built: JsonObject = {
    properties: {
      ...kindProperties(kinds, later),
      ...propertiesOf(fields, later),
      ...Object.fromEntries([...own].map((key) => [key, wordAbout(key, beside)])),
    },
    ...(Object.keys(kinds).length > 0 ? { oneOf: Object.keys(kinds).map((kind) => ({ required: [kind] })) } : {}),
    ...(conditions.length > 0 ? { allOf: [...conditions, ...notBeside] } : {}),
    additionalProperties: false,
  }
  const common = { type: 'object', ...(required.length > 0 ? { required } : {}) }
  if (pattern === undefined) return { ...common, ...built }
  return { ...common, ...when(hasKeyLike(pattern), { properties: propertiesOf(fields, later) }, built) }
}

/** What it may be hangs on the kind; what it is about does not. */
function wordAbout(key: string, beside: Readonly<Record<string, Fields>>): JsonObject {
  const doc = Object.values(beside).find((fields) => Object.hasOwn(fields, key))?.[key]?.node.doc
  return doc === undefined ? {} : { description: doc }
}

/** JSON Schema's conditional; its keyword is no promise's. */
const when = (condition: JsonObject, holds: JsonObject, fails?: JsonObject): JsonObject => ({
  if: condition,
  // oxlint-disable-next-line unicorn/no-thenable
  then: holds,
  ...(fails === undefined ? {} : { else: fails }),
})

/** True of a mapping with a key of that form: not every key is of another. */
const hasKeyLike = (pattern: string): JsonObject => ({ not: { propertyNames: { not: { pattern } } } })

const kindProperties = (kinds: Kinds, later: LaterNames): JsonObject =>
  Object.fromEntries(Object.entries(kinds).map(([kind, shape]) => [kind, schemaOf(shape, later)]))

/** The tag's value decides which fields join the common ones. */
function taggedSchema(node: Extract<ShapeNode, { type: 'tagged' }>, later: LaterNames): JsonObject {
  const { kinds, fields, tag, what } = node
  const pattern = later(tag)
  const known = Object.entries(kinds).map(([kind, { doc }]) => ({ const: kind, ...(doc === undefined ? {} : { description: doc }) }))
  const branch = (condition: JsonObject, result: JsonObject): JsonObject =>
    when({ properties: { [tag]: condition }, required: [tag] }, result)
  const branches = Object.entries(kinds).map(([kind, shape]) => {
    const own = shape.type === 'object' ? shape.fields : {}
    const required = requiredOf(own)
    return branch({ const: kind }, { properties: propertiesOf(own, later), ...(required.length > 0 ? { required } : {}) })
  })
  return {
    type: 'object',
    properties: {
      [tag]: {
        description: `Which ${what}.`,
        anyOf: [...known, ...(pattern === undefined ? [] : [{ type: 'string', pattern }]), { type: 'string', pattern: VARIABLE }],
      },
      ...propertiesOf(fields, later),
    },
    required: [tag, ...requiredOf(fields)],
    allOf: [
      ...branches,
      ...(pattern === undefined ? [] : [branch({ type: 'string', pattern }, { additionalProperties: true })]),
      branch({ type: 'string', pattern: VARIABLE }, { additionalProperties: true }),
    ],
    unevaluatedProperties: false,
  }
}
