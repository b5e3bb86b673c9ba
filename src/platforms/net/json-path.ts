import type { Json } from '../../domain/json.ts'

/** `$`, then names (`.name`, `['any name']`) and places (`[0]`, `[-1]` from the end). No wildcard, no filter, no evaluation. */
export const JSON_PATH = /^\$(?:\.[A-Za-z_][\w-]*|\[-?\d+\]|\['[^']*'\]|\["[^"]*"\])*$/

export type JsonPath = readonly (string | number)[]

/** `$.a[0]['b c']` → ['a', 0, 'b c']; undefined when it is not a path of this kind. */
export function parseJsonPath(text: string): JsonPath | undefined {
  if (!JSON_PATH.test(text)) return undefined
  const steps: (string | number)[] = []
  for (const [, name, place, single, double] of text.matchAll(/\.([A-Za-z_][\w-]*)|\[(-?\d+)\]|\['([^']*)'\]|\["([^"]*)"\]/g)) {
    steps.push(place === undefined ? (name ?? single ?? double ?? '') : Number(place))
  }
  return steps
}

/** What stands at the path; undefined when nothing does. */
export function atPath(value: Json, path: JsonPath): Json | undefined {
  let at: Json | undefined = value
  for (const step of path) {
    if (Array.isArray(at)) at = typeof step === 'number' ? (at as readonly Json[]).at(step) : undefined
    else if (at !== null && typeof at === 'object' && typeof step === 'string' && Object.hasOwn(at, step))
      at = (at as { [key: string]: Json })[step]
    else return undefined
  }
  return at
}
