import type { Field, Shape } from '../../src/domain/shape.ts'

/** Everything that can be written in a shape, so that every bit of it can be held to have a word about it. */
export function fieldsOf({ node }: Shape<unknown>): readonly (readonly [string, Field])[] {
  if (node.type === 'object') return Object.entries(node.fields)
  if (node.type !== 'keyed') return []
  const kinds = Object.entries(node.kinds).map(([name, kind]) => [name, { node: kind, required: false }] as const)
  const beside = Object.values(node.beside ?? {}).flatMap((fields) => Object.entries(fields))
  return [...kinds, ...kinds.flatMap(([, { node: kind }]) => fieldsOf({ node: kind })), ...beside, ...Object.entries(node.fields)]
}
