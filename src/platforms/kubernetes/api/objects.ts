import type { Json, JsonObject } from '../../../domain/json.ts'

/** What every object has; the rest is JSON as the server sent it, so that no field is lost on the way back. */
export interface K8sObject {
  readonly apiVersion?: string
  readonly kind?: string
  readonly metadata: {
    readonly name: string
    readonly namespace?: string
    readonly uid: string
    readonly resourceVersion: string
    readonly creationTimestamp?: string
    readonly deletionTimestamp?: string
    readonly generation?: number
    readonly labels?: Readonly<Record<string, string>>
    readonly annotations?: Readonly<Record<string, string>>
    readonly ownerReferences?: readonly {
      readonly kind: string
      readonly name: string
      readonly uid: string
      readonly controller?: boolean
    }[]
    readonly managedFields?: readonly { readonly manager?: string; readonly operation?: string; readonly time?: string }[]
  }
  readonly spec?: JsonObject
  readonly status?: JsonObject
  readonly data?: JsonObject
}

export interface K8sList<T = K8sObject> {
  readonly metadata: { readonly resourceVersion: string; readonly continue?: string; readonly remainingItemCount?: number }
  readonly items: readonly T[]
}

/** One step of a JSON Patch (RFC 6902). */
export type PatchStep =
  | { readonly op: 'test' | 'add' | 'replace'; readonly path: string; readonly value: Json }
  | { readonly op: 'remove'; readonly path: string }

/** A key of a map as a part of a JSON pointer (RFC 6901). */
export const escapePointer = (key: string): string => key.replaceAll('~', '~0').replaceAll('/', '~1')
const unescapePointer = (token: string): string => token.replaceAll('~1', '/').replaceAll('~0', '~')

/** The value at a JSON pointer; undefined where there is none. */
export function at(of: unknown, pointer: string): Json | undefined {
  let value = of
  for (const token of pointer.split('/').slice(1).map(unescapePointer)) {
    if (typeof value !== 'object' || value === null) return undefined
    value = Array.isArray(value) ? value[Number(token)] : (value as Readonly<Record<string, unknown>>)[token]
  }
  return value as Json | undefined
}

/** Equal as JSON, whatever the order of keys. */
export function sameJson(a: unknown, b: unknown): boolean {
  if (a === b) return true
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false
  if (Array.isArray(a) !== Array.isArray(b)) return false
  const keys = Object.keys(a)
  if (keys.length !== Object.keys(b).length) return false
  return keys.every((key) => key in b && sameJson((a as Record<string, unknown>)[key], (b as Record<string, unknown>)[key]))
}
