import { Document, isMap, isScalar, type Node } from 'yaml'
import type { Registry } from '../contracts/registry.ts'
import type { Experiment, SystemDecl } from '../domain/experiment.ts'
import { seedOf } from '../domain/random.ts'
import type { ShapeNode } from '../domain/shape.ts'
import {
  checkControls,
  checkedOf,
  checkGuardrails,
  checkObjectives,
  checkRefs,
  checkReturn,
  checkWhole,
  checkWindows,
  type LooseExperiment,
} from './check/check.ts'
import { checkFaults, checkOrder } from './check/steps.ts'
import { collector, type Diagnostic, type Report, sourceOf } from './document/diagnostic.ts'
import { type Root, readDocument, spanOf } from './document/document.ts'
import { nearest } from './document/suggest.ts'
import { experimentShape, type RawExperiment } from './language/language.ts'
import { systemOf, toExperiment } from './resolve.ts'
import { readJson, readList, readMapping, readObject } from './values/collections.ts'
import { readEither, readKeyed, readSecret, readTagged } from './values/kinds.ts'
import { readScalar } from './values/scalars.ts'
import { type Lookup, type Mode, type UsedVariable, variables } from './values/variables.ts'
import { type Place, sourceText, type Walk } from './values/walk.ts'

export interface ReadOptions {
  /** Its name in diagnostics. */
  readonly file: string
  readonly registry: Registry
  readonly lookup: Lookup
  readonly mode: Mode
}

/** A kind that is known by name and not built yet: `plan` and `run` refuse with exit 4. */
export interface LaterKind {
  readonly what: string
  readonly name: string
  readonly line: number
  readonly column: number
}

export interface ReadResult {
  /** Absent when there is an error, when a variable has no value yet, or when a kind is not built yet. */
  readonly experiment?: Experiment
  /** What is drilled, as soon as that much can be read: a sandbox must be up before its addresses can be resolved. */
  readonly system?: SystemDecl
  /** In the order of the text. */
  readonly diagnostics: readonly Diagnostic[]
  readonly later: readonly LaterKind[]
  readonly used: readonly UsedVariable[]
}

/**
 * Reads an experiment: all problems at once, each with its place. Pure; `text` is the file's content, relative paths stay relative.
 * A secret is never read, only referred to.
 */
export function readExperiment(text: string, { file, registry, lookup, mode }: ReadOptions): ReadResult {
  const source = sourceOf(text)
  const problems = collector(file, source)
  const root = readDocument(source, problems.report)
  if (root === undefined) return { diagnostics: problems.diagnostics(), later: [], used: [] }
  const report = until(root.soundUntil, problems.report)
  let open = false
  const walk = walkOf(source.text, root, { registry, lookup, mode }, report, () => {
    open = true
  })
  const raw = walk.read(experimentShape(registry).node, root.map, rootPlace(root), walk) as LooseExperiment
  noteLaterStore(raw, registry, walk)
  noteLaterFields(registry, walk)
  const checked = checkedOf(raw, registry, walk)
  checkRefs(checked, walk)
  checkOrder(checked)
  checkFaults(checked)
  checkObjectives(checked)
  checkControls(checked)
  checkReturn(checked)
  checkGuardrails(checked)
  checkWindows(checked)
  checkWhole(checked)
  const used = walk.variables.used()
  refuseUnusedSet(lookup, used, Object.keys(raw.vars ?? {}), report)
  for (const { what, name, span } of walk.later)
    report('note', 'LATER', span, `The ${what.replace('-', ' ')} ${name} is known but not built yet: plan and run will refuse`)
  const system = raw.system === undefined ? undefined : readSystem(raw.system)
  const complete = !problems.failed() && !open && walk.later.length === 0
  return {
    // The same text, the same picks.
    ...(complete ? { experiment: toExperiment(raw as RawExperiment, registry, seedOf(text)) } : {}),
    ...(system === undefined ? {} : { system }),
    diagnostics: problems.diagnostics(),
    later: walk.later.map(({ what, name, span }) => ({ what, name, line: source.place(span).line, column: source.place(span).column })),
    used,
  }
}

const rootPlace = ({ map }: Root): Place => {
  const start = map.range?.[0] ?? 0
  return { path: '', span: { start, end: start + 1 }, label: 'the experiment' }
}

/** Behind the first syntax error the parser guesses, and so would we: only errors before it are worth a line. */
const until =
  (soundUntil: number, report: Report): Report =>
  (severity, code, span, message, suggestion) => {
    if (span.start >= soundUntil || (soundUntil !== Number.POSITIVE_INFINITY && WHOLE_FILE.has(code))) return
    report(severity, code, span, message, suggestion)
  }

/** Problems that something later in the file may well solve. */
const WHOLE_FILE = new Set([
  'VALUE_MISSING',
  'FIELD_MISSING',
  'UNDEFINED_REF',
  'VAR_UNDEFINED',
  'NO_OBJECTIVE',
  'NOTHING_HAPPENS',
  'NO_REDUNDANCY',
  'VAR_UNUSED',
])

function readSystem(raw: NonNullable<LooseExperiment['system']>): SystemDecl | undefined {
  if (typeof raw === 'string') return systemOf(raw)
  return raw.sandbox === undefined || raw.options === undefined
    ? undefined
    : systemOf({ sandbox: raw.sandbox, options: raw.options as never })
}

function refuseUnusedSet(lookup: Lookup, used: readonly UsedVariable[], vars: readonly string[], report: Report): void {
  for (const name of Object.keys(lookup.set ?? {})) {
    if (used.some((variable) => variable.name === name) || vars.includes(name)) continue
    const known = [...vars, ...used.map((variable) => variable.name)]
    report('error', 'VAR_UNUSED', { start: 0, end: 1 }, `--set ${name}: the file uses no $${name}`, nearest(name, known))
  }
}

function noteLaterStore(raw: LooseExperiment, registry: Registry, walk: Walk): void {
  const scheme = /^([a-z][a-z0-9+.-]*):/i.exec(raw.undoStore ?? '')?.[1]
  const span = walk.spots.get('undoStore')?.value
  if (scheme === undefined || span === undefined || !walk.isLater('undo-store', scheme) || registry.undoStores.has(scheme)) return
  walk.later.push({ what: 'undo-store', name: scheme, span })
}

function noteLaterFields({ later }: Registry, walk: Walk): void {
  for (const { what, name } of later) {
    const spot = what === 'field' ? walk.spots.get(name) : undefined
    if (spot) walk.later.push({ what: 'field', name: name.replaceAll('/', '.'), span: spot.key })
  }
}

function walkOf(
  text: string,
  { map }: Root,
  { registry, lookup, mode }: Pick<ReadOptions, 'registry' | 'lookup' | 'mode'>,
  report: Report,
  leaveOpen: () => void,
): Walk {
  const defaults = new Document()
  const known = new Set(registry.later.map(({ what, name }) => `${what} ${name}`))
  return {
    text,
    report,
    variables: variables({ lookup, mode, vars: varsOf(map), promised: promisedBy(map, registry), report }),
    refs: [],
    later: [],
    spots: new Map(),
    isLater: (what, name) =>
      known.has(`${what} ${name}`) ||
      ((what === 'fault' || what === 'action') && name.includes('/') && known.has(`platform ${name.split('/')[0]}`)),
    leaveOpen,
    fallback: (of) => defaults.createNode(of),
    read: readNode,
  }
}

const valueOf = (map: unknown, key: string): unknown =>
  isMap(map) ? map.items.find((pair) => isScalar(pair.key) && sourceText(pair.key) === key)?.value : undefined

/** The file's own variables, as they stand there: the first thing to know, because anything may use them. */
function varsOf(map: Root['map']): Parameters<typeof variables>[0]['vars'] {
  const vars = valueOf(map, 'vars')
  if (!isMap(vars)) return {}
  return Object.fromEntries(
    vars.items.flatMap(({ key, value }) =>
      isScalar(key) && isScalar(value) && value.value !== null
        ? [[sourceText(key), { text: sourceText(value), span: spanOf(value, { start: 0, end: 1 }) }]]
        : [],
    ),
  )
}

function promisedBy(map: Root['map'], registry: Registry): ReadonlySet<string> {
  const sandbox = valueOf(valueOf(map, 'system'), 'sandbox')
  return new Set(isScalar(sandbox) ? (registry.systems.get(sourceText(sandbox))?.exportNames ?? []) : [])
}

function readNode(node: ShapeNode, yaml: Node | null | undefined, place: Place, walk: Walk): unknown {
  switch (node.type) {
    case 'list':
      return readList(node, yaml, place, walk)
    case 'map':
      return readMapping(node, yaml, place, walk)
    case 'object':
      return readObject(node, yaml, place, walk)
    case 'keyed':
      return readKeyed(node, yaml, place, walk)
    case 'tagged':
      return readTagged(node, yaml, place, walk)
    case 'either':
      return readEither(node, yaml, place, walk)
    case 'json':
      return readJson(yaml, place, walk)
    case 'secret':
      return readSecret(yaml, place, walk)
    default:
      return readScalar(node, yaml, place, walk)
  }
}
