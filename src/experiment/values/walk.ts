import type { Node, Scalar } from 'yaml'
import type { ShapeNode } from '../../domain/shape.ts'
import type { Report, Span } from '../document/diagnostic.ts'
import type { Variables } from './variables.ts'

/** Where a value stands: its path (`faults/0/target`), what is pointed at when there is no value, and what to call it. */
export interface Place {
  readonly path: string
  readonly span: Span
  readonly label: string
}

/** A name that must be an entry of the experiment, to be checked when everything was read. */
export interface RefUse {
  readonly to: string
  readonly name: string
  readonly span: Span
}

/** A kind that is known by name and not built yet. */
export interface LaterUse {
  readonly what: string
  readonly name: string
  readonly span: Span
}

/** What reading leaves behind besides the value. */
export interface Walk {
  readonly text: string
  readonly report: Report
  readonly variables: Variables
  readonly refs: RefUse[]
  readonly later: LaterUse[]
  /** Key and value of every field that was there, by path. */
  readonly spots: Map<string, { readonly key: Span; readonly value: Span }>
  isLater(what: string, name: string): boolean
  /** Something has no value yet (a variable is missing) or none at all (it was wrong): no experiment comes out. */
  leaveOpen(): void
  /** A field that is not in the file, as if its default had been written there. */
  fallback(of: unknown): Node
  read(node: ShapeNode, yaml: Node | null | undefined, place: Place, walk: Walk): unknown
}

/** What stands where a value should: a scalar's own text, never YAML's idea of it. */
export const sourceText = (scalar: Scalar): string => scalar.source ?? String(scalar.value)

/** The place inside a scalar, where its text stands in the file as it is (no escapes, one line). */
export function inside(scalar: Scalar, text: string, span: Span): (index: number, length: number) => Span {
  const quotes = scalar.type === 'QUOTE_DOUBLE' || scalar.type === 'QUOTE_SINGLE' ? 1 : 0
  const plain = text.startsWith(sourceText(scalar), span.start + quotes)
  return (index, length) => (plain ? { start: span.start + quotes + index, end: span.start + quotes + index + length } : span)
}

export const child = (place: Place, key: string | number, span: Span, label = String(key)): Place => ({
  path: place.path === '' ? String(key) : `${place.path}/${key}`,
  span,
  label,
})
