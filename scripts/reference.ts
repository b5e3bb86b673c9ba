import type { Registry } from '../src/contracts/registry.ts'
import type { Field, Shape, ShapeNode } from '../src/domain/shape.ts'

/** What a value looks like in the file, in a few words. */
function typeOf(node: ShapeNode): string {
  switch (node.type) {
    case 'choice':
      return node.values.map((value) => `\`${value}\``).join(', ')
    case 'list':
      return `list of ${typeOf(node.item)}`
    case 'map':
      return `mapping of ${typeOf(node.value)}`
    case 'either':
      return node.of.map(typeOf).join(', or ')
    case 'object':
      return `{${Object.keys(node.fields).join(', ')}}`
    case 'keyed':
    case 'tagged':
      return node.what
    case 'ref':
      return `name of a ${node.to}`
    case 'number':
      return node.integer ? 'whole number' : 'number'
    case 'duration':
    case 'rate':
    case 'percent':
    case 'size':
    case 'secret':
    case 'json':
    case 'name':
    case 'text':
    case 'flag':
      return node.type
    default:
      return node satisfies never
  }
}

const cell = (text: string): string => text.replaceAll('|', String.raw`\|`).replaceAll('\n', ' ')

function row(name: string, { node, required, fallback }: Field): string {
  const absent = required ? 'required' : fallback === undefined ? '' : `\`${JSON.stringify(fallback)}\``
  const example = node.examples?.[0]
  return `| \`${name}\` | ${cell(typeOf(node))} | ${cell(absent)} | ${cell(node.doc ?? '')}${example === undefined ? '' : ` e.g. \`${cell(example)}\``} |`
}

/** Of a keyed shape exactly one kind is given, beside the fields that all of them share. */
function entriesOf(node: ShapeNode): readonly (readonly [string, Field])[] {
  if (node.type === 'object') return Object.entries(node.fields)
  if (node.type !== 'keyed') return []
  const kinds = Object.entries(node.kinds).map(([name, kind]) => [`${name}*`, { node: kind, required: false }] as const)
  return [...kinds, ...besideOf(node), ...Object.entries(node.fields)]
}

/** Fields that only some of the kinds take, once each; `pick` and the like are said of targets as a whole. */
function besideOf({ beside = {} }: Extract<ShapeNode, { type: 'keyed' }>): readonly (readonly [string, Field])[] {
  const all = Object.entries(beside).flatMap(([kind, fields]) => Object.entries(fields).map(([name, field]) => ({ kind, name, field })))
  return [...new Map(all.map((each) => [each.name, each])).values()].map(({ name, field }) => {
    const takers = all.filter((each) => each.name === name).map(({ kind }) => kind)
    const needing = all.filter((each) => each.name === name && each.field.required).map(({ kind }) => kind)
    const which = needing.length > 0 ? `Needed by ${needing.join(', ')}` : `Of ${takers.join(', ')}`
    return [name, { ...field, required: false, node: { ...field.node, doc: `${field.node.doc ?? ''} ${which}.`.trim() } }]
  })
}

/** The fields of a mapping as a table; what is no mapping is said in a line. */
function fields({ node }: Shape<unknown>, title: string): readonly string[] {
  const all = entriesOf(node)
  if (all.length === 0) return node.type === 'object' ? [] : [`${title}: ${typeOf(node)}. ${node.doc ?? ''}`, '']
  return [`| ${title} | value | default | |`, '|---|---|---|---|', ...all.map(([name, field]) => row(name, field)), '']
}

const REACH = { here: 'this machine only', tag: 'a tag on the target', store: 'the undo store', self: 'it ends by itself' } as const

const KIND = { state: 'A state', event: 'An event', expiring: 'An expiring fault' } as const

const head = (name: string, summary: string): readonly string[] => [`### ${name}`, '', `${summary}.`, '']

/** `docs/reference.md`: every kind of the registry with its parameters. */
export function reference(registry: Registry): string {
  const rooms: readonly (readonly [string, readonly (readonly string[])[]])[] = [
    ['Targets', [...registry.platforms.values()].map((of) => [...head(of.name, of.summary), ...fields(of.selector, 'selector')])],
    [
      'Faults',
      [...registry.faults.values()].map((of) => [
        ...head(of.name, of.summary),
        `${KIND[of.kind]}${of.platform === null ? ' that brings its own target' : ` on ${of.platform} targets`}. Effect: ${of.effectHow}. Undo: ${of.undoHow}; it can come from ${REACH[of.undoFrom]}.${of.takes.percent ? ' Takes `percent`.' : ''}`,
        '',
        ...fields(of.parameters, 'parameter'),
      ]),
    ],
    ['Actions', [...registry.actions.values()].map((of) => [...head(of.name, of.summary), ...fields(of.parameters, 'parameter')])],
    [
      'Probes',
      [...registry.probes.values()].map((of) => [
        ...head(of.name, of.summary),
        ...fields(of.parameters, 'parameter'),
        ...fields(of.expect, 'expect'),
      ]),
    ],
    [
      'Signals',
      [...registry.signals.values()].map((of) => [
        ...head(of.name, of.summary),
        `Speaks for stage ${of.stage}.`,
        '',
        ...fields(of.parameters, 'parameter'),
      ]),
    ],
    ['Ledgers', [...registry.ledgers.values()].map((of) => [...head(of.name, of.summary), ...fields(of.parameters, 'parameter')])],
    ['Loads', [...registry.loads.values()].map((of) => [...head(of.name, of.summary), ...fields(of.parameters, 'parameter')])],
    ['Reports', [...registry.reports.values()].map((of) => head(of.name, `${of.summary}: \`${of.file}\``))],
  ]
  const lines = rooms.flatMap(([title, entries]) => [`## ${title}`, '', ...entries.flat()])
  return [
    '# Reference',
    '',
    'Generated from the registry (`npm run generate`); `firedrill catalog` prints the same for the version at hand.',
    '',
    ...lines,
  ].join('\n')
}
