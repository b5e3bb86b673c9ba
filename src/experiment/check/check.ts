import type { Registry } from '../../contracts/registry.ts'
import type { Report, Span } from '../document/diagnostic.ts'
import { nearest, oneOf } from '../document/suggest.ts'
import type { RawExperiment } from '../language/language.ts'
import type { Walk } from '../values/walk.ts'

/** Like T, but anything may be absent: what is left of a file with errors in it. */
export type Loose<T> = T extends number | string | boolean | null | undefined
  ? T
  : T extends readonly (infer Item)[]
    ? readonly (Loose<Item> | undefined)[]
    : T extends object
      ? { readonly [K in keyof T]?: Loose<T[K]> | undefined }
      : T
export type LooseExperiment = Loose<RawExperiment>

/** What a check may look at, and how it points at things. */
export interface Checked {
  readonly raw: LooseExperiment
  readonly registry: Registry
  readonly report: Report
  /** Whether it is in the file, right or wrong. */
  readonly has: (path: string) => boolean
  /** Where the key of this path stands; the nearest one above it when it is not in the file. */
  readonly keyAt: (path: string) => Span
  /** Where its value stands. */
  readonly valueAt: (path: string) => Span
}

/** What checks of the whole file work on, after every value was read by itself. */
export function checkedOf(raw: LooseExperiment, registry: Registry, walk: Walk): Checked {
  const spot = (path: string): { readonly key: Span; readonly value: Span } => {
    const found = walk.spots.get(path)
    if (found !== undefined) return found
    const above = path.lastIndexOf('/')
    return above < 0 ? { key: { start: 0, end: 1 }, value: { start: 0, end: 1 } } : spot(path.slice(0, above))
  }
  return {
    raw,
    registry,
    report: walk.report,
    has: (path) => walk.spots.has(path),
    keyAt: (path) => spot(path).key,
    valueAt: (path) => spot(path).value,
  }
}

const SECTIONS = { target: 'targets', probe: 'probes', signal: 'signals', ledger: 'ledgers' } as const

const namesOf = (raw: LooseExperiment, to: string): readonly string[] =>
  to === 'fault' ? (raw.faults ?? []).flatMap((fault) => fault?.name ?? []) : Object.keys(raw[SECTIONS[to as keyof typeof SECTIONS]] ?? {})

/** Every name that is referred to is an entry of the file. */
export function checkRefs({ raw, report }: Checked, walk: Walk): void {
  for (const { to, name, span } of walk.refs) {
    const names = namesOf(raw, to)
    if (names.includes(name)) continue
    const has = names.length === 0 ? `the file has no ${to}s` : `there is ${oneOf(names)}`
    report('error', 'UNDEFINED_REF', span, `There is no ${to} ${name}; ${has}`, nearest(name, names))
  }
}

/** Things that the file as a whole must have. */
export function checkWhole({ raw, report, keyAt, registry, valueAt }: Checked): void {
  const probes = Object.values(raw.probes ?? {})
  if (probes.length > 0 && probes.every((probe) => probe?.role === 'control'))
    report('error', 'NO_CLIENT', keyAt('probes'), 'Every probe is a control; nobody looks from the client’s side', 'role: client')
  if (raw.faults?.length === 0 && raw.actions?.length === 0)
    report('warning', 'NOTHING_HAPPENS', keyAt('title'), 'The experiment has neither faults nor actions', 'faults: […]')
  if (raw.objectives !== undefined && Object.keys(raw.objectives).length === 0)
    report('warning', 'NO_OBJECTIVE', keyAt('objectives'), 'Without an objective the verdict can only be unknown', 'objectives: {rto: 30s}')
  for (const name of Object.keys(raw.vars ?? {})) {
    if (/^[A-Za-z_]\w*$/.test(name)) continue
    const meant = name.replace(/\W/g, '_')
    report('error', 'VAR_NAME', keyAt(`vars/${name}`), `$${name} would not be read as one variable`, meant)
  }
  if (raw.undoStore !== undefined && !raw.undoStore.includes('$')) {
    const scheme = /^([a-z][a-z0-9+.-]*):/i.exec(raw.undoStore)?.[1] ?? 'file'
    const known = [...registry.undoStores.keys(), ...registry.later.filter(({ what }) => what === 'undo-store').map(({ name }) => name)]
    if (known.length > 0 && !known.includes(scheme))
      report('error', 'KIND_UNKNOWN', valueAt('undoStore'), `There is no undo store ${scheme}:; there is ${oneOf(known)}`, './undo')
  }
}

/** Objectives that cannot be meant, or need what the file does not name. */
export function checkObjectives({ raw, report, has, keyAt, valueAt }: Checked): void {
  const { detection, rpo } = raw.objectives ?? {}
  const span = typeof rpo === 'number' ? rpo : rpo?.span
  if (span === 0) {
    const path = typeof rpo === 'number' ? 'objectives/rpo' : 'objectives/rpo/span'
    report(
      'error',
      'ZERO_RPO',
      valueAt(path),
      'No span of time can be shown to be zero; lost writes can be counted',
      typeof rpo === 'number' ? '{lost: 0}' : 'lost: 0',
    )
  }
  if (typeof rpo === 'object' && !has('objectives/rpo/lost') && !has('objectives/rpo/span'))
    report('error', 'FIELD_MISSING', keyAt('objectives/rpo'), 'rpo says neither lost nor span', 'rpo: {lost: 0}')
  const sole = (what: 'ledger' | 'signal', path: string, entries: Readonly<Record<string, unknown>>, written: string | undefined): void => {
    const names = Object.keys(entries)
    if (written !== undefined || names.length === 1) return
    const message =
      names.length === 0 ? `${path} needs a ${what}, and the file has none` : `${path} does not say which ${what}: ${oneOf(names)}`
    report('error', 'FIELD_MISSING', keyAt(`objectives/${path}`), message, names.length === 0 ? `${what}s: {…}` : `${what}: ${names[0]}`)
  }
  if (rpo !== undefined) sole('ledger', 'rpo', raw.ledgers ?? {}, typeof rpo === 'object' ? rpo.ledger : undefined)
  if (detection !== undefined) sole('signal', 'detection', raw.signals ?? {}, typeof detection === 'object' ? detection.signal : undefined)
}

/** A control tells the observer's own trouble: nothing that it says is about the system. */
export function checkControls({ raw, report, valueAt }: Checked): void {
  const { rto, latency, budget, wrong } = raw.objectives ?? {}
  const judged: readonly (readonly [string, string | undefined])[] = [
    ...(raw.steadyState?.probes ?? []).map((probe, index) => [`steadyState/probes/${index}`, probe] as const),
    ['objectives/rto/to/probe', typeof rto === 'object' ? rto.to?.probe : undefined],
    ['objectives/latency/probe', typeof latency === 'object' ? latency.probe : undefined],
    ['objectives/budget/probe', budget?.probe],
    ['objectives/wrong/probe', typeof wrong === 'object' ? wrong.probe : undefined],
    ['redundancy/probe', raw.redundancy?.kind === 'probe' ? raw.redundancy.spec : undefined],
    ...(raw.faults ?? []).map((fault, index) => [`faults/${index}/effect/probe`, fault?.effect?.probe] as const),
  ]
  const clients = Object.entries(raw.probes ?? {}).flatMap(([name, probe]) => (probe?.role === 'control' ? [] : [name]))
  for (const [path, name] of judged) {
    if (name === undefined || raw.probes?.[name]?.role !== 'control') continue
    report('error', 'CONTROL_PROBE', valueAt(path), `${name} is a control: it says nothing about the system`, clients[0])
  }
}

/** What waits for the spare needs to be told how the spare is seen. */
export function checkReturn({ raw, report, keyAt, valueAt }: Checked): void {
  if (raw.redundancy !== undefined) return
  const suggestion = 'redundancy: {ledger: …}'
  if (raw.failback?.when === 'redundancy-restored')
    report('error', 'NO_REDUNDANCY', valueAt('failback/when'), 'Nothing says when redundancy is restored', suggestion)
  if (raw.objectives?.redundancy !== undefined)
    report('error', 'NO_REDUNDANCY', keyAt('objectives/redundancy'), 'Nothing says when redundancy is restored', suggestion)
}

/** A guardrail keeps something, and is told from the others by its name. */
export function checkGuardrails({ raw, report, has, keyAt, valueAt }: Checked): void {
  const names = new Set<string>()
  raw.guardrails?.forEach((guardrail, index) => {
    const path = `guardrails/${index}`
    const { keep, name } = guardrail ?? {}
    if (keep !== undefined && !has(`${path}/keep/good`) && !has(`${path}/keep/latency`))
      report('error', 'FIELD_MISSING', keyAt(`${path}/keep`), 'keep has neither good nor latency', 'keep: {good: {min: 20%}}')
    if (name === undefined) return
    if (names.has(name)) report('error', 'DUPLICATE_NAME', valueAt(`${path}/name`), `Two guardrails are called ${name}`)
    names.add(name)
  })
}

/** Zones that exist, and ends after their beginnings. */
export function checkWindows({ raw, report, valueAt }: Checked): void {
  raw.windows?.forEach((window, index) => {
    const { from, to, zone } = window ?? {}
    if (zone !== undefined && !isZone(zone))
      report(
        'error',
        'NOT_A_ZONE',
        valueAt(`windows/${index}/zone`),
        `“${zone}” is not an IANA time zone`,
        nearest(zone, Intl.supportedValuesOf('timeZone')),
      )
    if (from !== undefined && to !== undefined && to <= from)
      report('error', 'WINDOW_ORDER', valueAt(`windows/${index}/to`), `${to} is not after ${from}; a window over midnight is two windows`)
  })
}

function isZone(zone: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: zone })
    return true
  } catch {
    return false
  }
}
