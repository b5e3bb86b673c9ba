import type { Registry } from '../../contracts/registry.ts'
import { usage } from '../../domain/error.ts'
import type { JsonObject } from '../../domain/json.ts'
import type { Shape } from '../../domain/shape.ts'
import { nearest } from '../../experiment/document/suggest.ts'
import { parametersJsonSchema } from '../../experiment/json-schema.ts'
import { registry } from '../../registry/index.ts'
import type { Paint } from '../host/terminal.ts'
import { table } from '../output/table.ts'
import { wrap } from '../output/text.ts'

/** Everything that can be named in an experiment, by what it is; parameters as JSON Schema. */
export interface CatalogJson {
  readonly platforms: readonly CatalogEntry[]
  readonly faults: readonly CatalogEntry[]
  readonly actions: readonly CatalogEntry[]
  readonly probes: readonly CatalogEntry[]
  readonly signals: readonly CatalogEntry[]
  readonly ledgers: readonly CatalogEntry[]
  readonly loads: readonly CatalogEntry[]
  readonly reports: readonly CatalogEntry[]
  readonly systems: readonly CatalogEntry[]
  readonly undoStores: readonly CatalogEntry[]
  /** Known by name, not built yet. */
  readonly later: readonly { readonly what: string; readonly name: string }[]
}

export interface CatalogEntry {
  readonly name: string
  readonly summary: string
  readonly parameters?: JsonObject
  readonly [more: string]: unknown
}

const plain = <T extends { readonly name: string; readonly summary: string }>(
  of: ReadonlyMap<string, T>,
  more: (entry: T) => object = () => ({}),
): readonly CatalogEntry[] => [...of.values()].map((entry) => ({ name: entry.name, summary: entry.summary, ...more(entry) }))

const parameters = (of: { readonly parameters: Shape<unknown> }): { readonly parameters: JsonObject } => ({
  parameters: parametersJsonSchema(of.parameters),
})

/** The catalog of a registry. */
const catalogOf = (of: Registry): CatalogJson => ({
  platforms: plain(of.platforms, ({ selector, local }) => ({ local, parameters: parametersJsonSchema(selector) })),
  faults: plain(of.faults, (fault) => ({
    kind: fault.kind,
    platform: fault.platform,
    ...parameters(fault),
    percent: fault.takes.percent,
    undo: fault.undoHow,
    undoFrom: fault.undoFrom,
    effect: fault.effectHow,
    permissions: fault.permissions,
  })),
  actions: plain(of.actions, parameters),
  probes: plain(of.probes, (probe) => ({ ...parameters(probe), expect: parametersJsonSchema(probe.expect) })),
  signals: plain(of.signals, (signal) => ({ ...parameters(signal), stage: signal.stage })),
  ledgers: plain(of.ledgers, parameters),
  loads: plain(of.loads, (load) => ({ ...parameters(load), runs: load.runs })),
  reports: plain(of.reports, ({ file }) => ({ file })),
  systems: plain(of.systems, ({ exportNames }) => ({ exports: exportNames })),
  undoStores: [...of.undoStores.values()].map(({ scheme, summary }) => ({ name: scheme, summary })),
  later: of.later,
})

/** The kinds whose name or list contains `only`, else an error that says what it may have meant; everything without it. */
export function select(catalog: CatalogJson, only: string | undefined): CatalogJson {
  if (only === undefined) return catalog
  const of = <T extends { readonly name: string }>(what: string, entries: readonly T[]): readonly T[] =>
    what.startsWith(only) ? entries : entries.filter(({ name }) => name.includes(only))
  const lists = Object.entries(catalog) as [string, readonly CatalogEntry[]][]
  const found = lists.map(([what, entries]) => [what, of(what, entries)] as const)
  if (found.some(([, entries]) => entries.length > 0)) return Object.fromEntries(found) as unknown as CatalogJson
  const meant = nearest(only, [...lists.map(([what]) => what), ...lists.flatMap(([, entries]) => entries.map(({ name }) => name))])
  throw usage(`Nothing in the catalog is called ${only}.`, 'CATALOG_UNKNOWN', [`firedrill catalog${meant ? ` ${meant}` : ''}`])
}

function parameterRows(schema: JsonObject | undefined): readonly (readonly string[])[] {
  const properties = (schema?.['properties'] ?? {}) as Readonly<Record<string, JsonObject>>
  const required = (schema?.['required'] ?? []) as readonly string[]
  return Object.entries(properties).map(([name, of]) => [
    name,
    required.includes(name) ? 'required' : of['default'] === undefined ? '' : `default ${JSON.stringify(of['default'])}`,
    String((of['description'] as string | undefined) ?? ''),
  ])
}

function detail(entry: CatalogEntry, width: number, paint: Paint): string {
  const facts = ['kind', 'undo', 'effect', 'file', 'stage'].flatMap((name) =>
    typeof entry[name] === 'string' ? [[name, entry[name]]] : [],
  )
  const rows = [...parameterRows(entry.parameters)]
  return [
    paint.bold(entry.name),
    ...wrap(`  ${entry.summary}`, width, '  ').map((line) => `  ${line.trimStart()}`),
    ...(facts.length > 0
      ? [
          table(
            facts.map(([name = '', text = '']) => [paint.dim(name), text]),
            '    ',
          ),
        ]
      : []),
    ...(rows.length > 0
      ? [
          table(
            rows.map(([name = '', need = '', doc = '']) => [name, paint.dim(need), doc]),
            '    ',
          ),
        ]
      : []),
  ].join('\n')
}

/** One line per kind, or everything about each when few were asked for. */
export function renderCatalog(
  catalog: CatalogJson,
  options: { readonly detailed: boolean; readonly width: number; readonly paint: Paint },
): string {
  const { detailed, width, paint } = options
  const parts = Object.entries(catalog).flatMap(([what, entries]: [string, readonly CatalogEntry[]]) => {
    if (entries.length === 0 || what === 'later') return []
    const body = detailed
      ? entries.map((entry) => detail(entry, width, paint)).join('\n\n')
      : table(entries.map(({ name, summary }) => [`  ${name}`, summary]))
    return [`${paint.bold(what)}\n${body}`]
  })
  const later = catalog.later.map(({ what, name }) => `${what} ${name}`).join(', ')
  return [...parts, ...(later === '' ? [] : [paint.dim(wrap(`known, not built yet: ${later}`, width).join('\n'))])].join('\n\n')
}

export const builtIn = (): CatalogJson => catalogOf(registry)
