import type { Report, Span } from '../document/diagnostic.ts'
import { nearest } from '../document/suggest.ts'

type Values = Readonly<Record<string, string | undefined>>

/** Where `$NAME` comes from, besides the file's own `vars`: `set` > vars > `exports` > `env`. */
export interface Lookup {
  /** `--set name=value`. */
  readonly set?: Values
  /** What a system that is up exports, such as the sandbox's addresses. */
  readonly exports?: Values
  readonly env?: Values
}

/** `validate`: what is not defined yet is a note. `resolve`: it is an error. */
export type Mode = 'validate' | 'resolve'

export type Origin = 'set' | 'vars' | 'exports' | 'env'

/** A variable that the file used. The value is null where it must not be kept (an environment variable under a secret) or is not known yet. */
export interface UsedVariable {
  readonly name: string
  readonly from: Origin
  readonly value: string | null
}

export interface Expanded {
  /** With every known variable replaced; an unknown one still stands there as `$NAME`. */
  readonly text: string
  readonly complete: boolean
}

export interface Variables {
  /**
   * Replaces `$NAME` and `$$`.
   * @param span Where the variable at this place of the text stands in the file.
   */
  expand(text: string, span: (index: number, length: number) => Span): Expanded
  /** For a field that takes a secret and holds exactly `$NAME`: what comes from the environment stays a reference. */
  secret(name: string, span: Span): { readonly env: string } | string | undefined
  /** The variables of a text whose values come from the environment. */
  fromEnvironment(text: string): readonly string[]
  used(): readonly UsedVariable[]
}

export interface VariableSources {
  readonly lookup: Lookup
  readonly mode: Mode
  /** The file's own, as written. */
  readonly vars: Readonly<Record<string, { readonly text: string; readonly span: Span }>>
  /** Names that a system of the file will export when it is up. */
  readonly promised: ReadonlySet<string>
  readonly report: Report
}

type Found =
  | { readonly state: 'value'; readonly from: Origin; readonly value: string }
  | { readonly state: 'pending'; readonly from: Origin }
  | { readonly state: 'undefined' }

const VARIABLE = /\$(?:\$|\{([^}]*)\}?|([A-Za-z_][A-Za-z0-9_]*))/g

/** Whether the text holds a `$NAME`. */
export const hasVariable = (text: string): boolean => /\$[A-Za-z_]/.test(text.replaceAll('$$', ''))

/** The name, if the text is one variable and nothing else. */
export const soleVariable = (text: string): string | undefined => /^\$([A-Za-z_][A-Za-z0-9_]*)$/.exec(text)?.[1]

/** Which variables were used, by code point (a collation would cost more than reading the file); a value that was hidden once stays hidden. */
function recorder() {
  const found = new Map<string, UsedVariable>()
  const note = (name: string, from: Origin, value: string | null): void => {
    if (found.get(name)?.value !== null || value === null) found.set(name, { name, from, value })
  }
  return { note, used: (): readonly UsedVariable[] => [...found.values()].toSorted((a, b) => (a.name < b.name ? -1 : 1)) }
}

/** The one place that knows what `$NAME` stands for. */
export function variables(sources: VariableSources): Variables {
  const { lookup, mode, vars, promised, report } = sources
  const { note, used } = recorder()
  const open: string[] = []

  const find = (name: string, span: Span): Found => {
    const set = lookup.set?.[name]
    if (set !== undefined) return { state: 'value', from: 'set', value: set }
    const own = Object.hasOwn(vars, name) ? vars[name] : undefined
    if (own !== undefined) return ownValue(name, own.text, own.span, span)
    const exported = lookup.exports?.[name]
    if (exported !== undefined) return { state: 'value', from: 'exports', value: exported }
    if (promised.has(name) && mode === 'validate') return { state: 'pending', from: 'exports' }
    const env = lookup.env?.[name]
    return env === undefined ? { state: 'undefined' } : { state: 'value', from: 'env', value: env }
  }

  const ownValue = (name: string, text: string, declared: Span, span: Span): Found => {
    if (open.includes(name)) {
      report('error', 'VAR_CYCLE', declared, `$${name} refers to itself: ${[...open.slice(open.indexOf(name)), name].join(' → ')}`)
      return { state: 'pending', from: 'vars' }
    }
    open.push(name)
    const { text: value, complete } = expand(text, () => span)
    open.pop()
    return complete ? { state: 'value', from: 'vars', value } : { state: 'pending', from: 'vars' }
  }

  const expand: Variables['expand'] = (text, spanOf) => {
    let complete = true
    const replaced = text.replace(VARIABLE, (written: string, braced: string | undefined, name: string | undefined, index: number) => {
      if (written === '$$') return '$'
      const span = spanOf(index, written.length)
      if (name === undefined) {
        report('error', 'VAR_SYNTAX', span, `${written} is not a variable; $$ is a dollar sign`, `$${braced ?? ''}`)
        complete = false
        return written
      }
      const found = find(name, span)
      if (found.state === 'value') {
        note(name, found.from, found.value)
        return found.value
      }
      complete = false
      if (found.state === 'undefined') undefinedAt(sources, name, span)
      else note(name, found.from, null)
      return written
    })
    return { text: replaced, complete }
  }

  const secret: Variables['secret'] = (name, span) => {
    const found = find(name, span)
    if (found.state === 'undefined') undefinedAt(sources, name, span)
    const isSecret = found.state === 'undefined' || (found.state === 'value' && found.from === 'env')
    if (isSecret) {
      if (found.state === 'value') note(name, 'env', null)
      return { env: name }
    }
    note(name, found.from, found.state === 'value' && found.from !== 'vars' ? found.value : null)
    return found.state === 'value' ? found.value : undefined
  }

  return { expand, secret, used, fromEnvironment: (text) => fromEnvironment(text, sources, []) }
}

function undefinedAt({ lookup, mode, vars, promised, report }: VariableSources, name: string, span: Span): void {
  const known = [...Object.keys(vars), ...Object.keys(lookup.set ?? {}), ...promised, ...Object.keys(lookup.exports ?? {})]
  const meant = nearest(name, known)
  const hint = meant === undefined ? `set it with --set ${name}=…, in vars, or in the environment` : `$${meant}`
  report(mode === 'validate' ? 'note' : 'error', 'VAR_UNDEFINED', span, `$${name} is not defined`, hint)
}

/** Directly, or by way of the file's own variables. */
function fromEnvironment(text: string, sources: VariableSources, through: readonly string[]): readonly string[] {
  const { lookup, vars } = sources
  return Array.from(text.matchAll(VARIABLE), ([, , name]) => name ?? '').flatMap((name): readonly string[] => {
    if (name === '' || through.includes(name) || lookup.set?.[name] !== undefined) return []
    const own = Object.hasOwn(vars, name) ? vars[name] : undefined
    if (own !== undefined) return fromEnvironment(own.text, sources, [...through, name])
    return lookup.exports?.[name] === undefined && lookup.env?.[name] !== undefined ? [name] : []
  })
}
