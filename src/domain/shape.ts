import type { Json } from './json.ts'
import type { Rate, Ratio, Seconds } from './time.ts'

/**
 * A shape says what a piece of an experiment file may be. It is data: `experiment/` reads YAML by it (with positions and the source
 * text of scalars), `schema/` is generated from it, `catalog` prints it, and `Of<…>` is the type of what was read.
 */
export interface Shape<T> {
  readonly node: ShapeNode
  /** Never present: carries the type only. */
  readonly of?: T
}
export type Of<S> = S extends Shape<infer T> ? T : never

export interface Doc {
  /** One sentence for the editor's hover and the generated reference. */
  readonly doc?: string
  /** Texts as they would stand in the YAML. */
  readonly examples?: readonly string[]
}

export type ShapeNode =
  | (Doc & { readonly type: 'text'; readonly pattern?: RegExp; readonly what?: string; readonly interpolate: boolean })
  | (Doc & { readonly type: 'flag' })
  | (Doc & { readonly type: 'number'; readonly integer: boolean; readonly min?: number; readonly max?: number })
  | (Doc & { readonly type: 'duration'; readonly min?: number; readonly max?: number })
  | (Doc & { readonly type: 'rate' })
  | (Doc & { readonly type: 'percent' })
  | (Doc & { readonly type: 'size' })
  | (Doc & { readonly type: 'choice'; readonly values: readonly string[] })
  | (Doc & { readonly type: 'secret' })
  | (Doc & { readonly type: 'json' })
  | (Doc & { readonly type: 'name' })
  | (Doc & { readonly type: 'ref'; readonly to: RefKind })
  | (Doc & { readonly type: 'list'; readonly item: ShapeNode; readonly min: number })
  | (Doc & { readonly type: 'map'; readonly value: ShapeNode; readonly min: number; readonly key: 'name' | 'text' })
  | (Doc & { readonly type: 'object'; readonly fields: Readonly<Record<string, Field>> })
  /** Exactly one of `kinds` beside the common `fields`; read as `{kind, spec, …fields}`. */
  | (Doc & {
      readonly type: 'keyed'
      readonly kinds: Readonly<Record<string, ShapeNode>>
      readonly fields: Readonly<Record<string, Field>>
      /** Fields that only this kind takes, read beside the common ones (what a probe expects depends on what it is). */
      readonly beside?: Readonly<Record<string, Readonly<Record<string, Field>>>>
      readonly what: string
    })
  /** The value of field `tag` names the kind whose fields join the common ones; read as `{[tag], spec, …fields}`. */
  | (Doc & {
      readonly type: 'tagged'
      readonly tag: string
      readonly kinds: Readonly<Record<string, ShapeNode>>
      readonly fields: Readonly<Record<string, Field>>
      readonly what: string
    })
  /** The first shape that fits the YAML node's own kind (scalar, sequence, mapping). */
  | (Doc & { readonly type: 'either'; readonly of: readonly ShapeNode[] })

/** What a `ref` names: an entry of the experiment itself. */
export type RefKind = 'target' | 'probe' | 'signal' | 'ledger' | 'fault'

export interface Field {
  readonly node: ShapeNode
  readonly required: boolean
  /** What is read where the field is absent; undefined: the property is absent too. */
  readonly fallback?: Json
}

/** A secret by reference. It is resolved at use and never written anywhere. */
export type Secret = { readonly env: string } | { readonly file: string } | { readonly secret: string }

type Fields = Readonly<Record<string, Shape<unknown>>>

const shape = <T>(node: ShapeNode): Shape<T> => ({ node })

/** Read from the scalar's source text: `1.10` stays `1.10`. `$NAME` is interpolated unless `interpolate: false`. */
export const text = (options: Doc & { pattern?: RegExp; what?: string; interpolate?: boolean } = {}): Shape<string> =>
  shape({ type: 'text', ...options, interpolate: options.interpolate ?? true })
export const flag = (options: Doc = {}): Shape<boolean> => shape({ type: 'flag', ...options })
export const number = (options: Doc & { min?: number; max?: number } = {}): Shape<number> =>
  shape({ type: 'number', integer: false, ...options })
export const count = (options: Doc & { min?: number; max?: number } = {}): Shape<number> =>
  shape({ type: 'number', integer: true, min: 0, ...options })
export const duration = (options: Doc & { min?: number; max?: number } = {}): Shape<Seconds> => shape({ type: 'duration', ...options })
export const rateShape = (options: Doc = {}): Shape<Rate> => shape({ type: 'rate', ...options })
export const percent = (options: Doc = {}): Shape<Ratio> => shape({ type: 'percent', ...options })
/** Bytes. */
export const size = (options: Doc = {}): Shape<number> => shape({ type: 'size', ...options })
export const choice = <const V extends string>(values: readonly V[], options: Doc = {}): Shape<V> =>
  shape({ type: 'choice', values, ...options })
export const secret = (options: Doc = {}): Shape<Secret> => shape({ type: 'secret', ...options })
/** Any value, read as YAML 1.2 reads it; strings inside are interpolated. */
export const anyJson = (options: Doc = {}): Shape<Json> => shape({ type: 'json', ...options })
/** A name of the experiment's own: letters, digits, `-`, `_`; starts with a letter. */
export const name = (options: Doc = {}): Shape<string> => shape({ type: 'name', ...options })
export const ref = (to: RefKind, options: Doc = {}): Shape<string> => shape({ type: 'ref', to, ...options })
export const list = <T>(item: Shape<T>, options: Doc & { min?: number } = {}): Shape<readonly T[]> =>
  shape({ type: 'list', item: item.node, ...options, min: options.min ?? 0 })
/** `key: 'name'` (the default) holds keys to the rule of `name()`; `'text'` takes any key, such as a header's. */
export const mapOf = <T>(
  value: Shape<T>,
  options: Doc & { min?: number; key?: 'name' | 'text' } = {},
): Shape<Readonly<Record<string, T>>> =>
  shape({ type: 'map', value: value.node, ...options, min: options.min ?? 0, key: options.key ?? 'name' })

/** A field that may be left out and is then read as if `fallback` had been written. Put it among the required ones: its type is never undefined. */
export const withDefault = <T>(of: Shape<T>, fallback: Json): Shape<T> & { readonly fallback: Json } => ({ node: of.node, fallback })

const fieldsOf = (fields: Fields, required: boolean): Record<string, Field> =>
  Object.fromEntries(
    Object.entries(fields).map(([key, of]) =>
      'fallback' in of ? [key, { node: of.node, required: false, fallback: of.fallback as Json }] : [key, { node: of.node, required }],
    ),
  )

/** A mapping with these keys and no others. Required ones first, optional ones in the second argument. */
export function object<R extends Fields, O extends Fields = Record<never, never>>(
  required: R,
  optionals: O = {} as O,
  options: Doc = {},
): Shape<{ readonly [K in keyof R]: Of<R[K]> } & { readonly [K in keyof O]?: Of<O[K]> }> {
  return shape({ type: 'object', fields: joinFields(required, optionals), ...options })
}

/** One table of fields out of the required and the optional ones. */
export function joinFields(required: Fields, optionals: Fields): Record<string, Field> {
  return { ...fieldsOf(required, true), ...fieldsOf(optionals, false) }
}

/** `{min, max}` over a shape: at least one of them. */
export const bounds = <T>(of: Shape<T>, options: Doc = {}): Shape<{ readonly min?: T; readonly max?: T }> =>
  object({}, { min: of, max: of }, options)

export const either = <A, B>(a: Shape<A>, b: Shape<B>, options: Doc = {}): Shape<A | B> =>
  shape({ type: 'either', of: [a.node, b.node], ...options })

export const keyed = <T>(
  what: string,
  kinds: Readonly<Record<string, Shape<unknown>>>,
  required: Fields,
  optionals: Fields,
  options: Doc & { beside?: Readonly<Record<string, Readonly<Record<string, Field>>>> } = {},
): Shape<T> => shape({ type: 'keyed', what, kinds: nodesOf(kinds), fields: joinFields(required, optionals), ...options })

export const tagged = <T>(
  what: string,
  tag: string,
  kinds: Readonly<Record<string, Shape<unknown>>>,
  required: Fields,
  optionals: Fields,
  options: Doc = {},
): Shape<T> => shape({ type: 'tagged', what, tag, kinds: nodesOf(kinds), fields: joinFields(required, optionals), ...options })

const nodesOf = (kinds: Readonly<Record<string, Shape<unknown>>>): Record<string, ShapeNode> =>
  Object.fromEntries(Object.entries(kinds).map(([key, of]) => [key, of.node]))
