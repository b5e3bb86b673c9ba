import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { drifted } from '../../scripts/generate.ts'
import type { ShapeNode } from '../domain/shape.ts'
import { registry } from '../registry/index.ts'
import { experimentJsonSchema, parametersJsonSchema } from './json-schema.ts'
import { experimentShape } from './language/language.ts'
import { readExperiment } from './read.ts'
import { starterExperiment } from './starter.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const text = (file: string): string => readFileSync(`${root}/${file}`, 'utf8')
const yamlIn = (folder: string): readonly string[] =>
  readdirSync(`${root}/${folder}`, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.yaml'))
    .map((file) => `${folder}/${file}`)

const newAjv = (): Ajv2020 => new Ajv2020({ strict: true, strictTypes: false, strictRequired: false, allErrors: true })
const valid = newAjv().compile(experimentJsonSchema(registry))

const editor = (yaml: string): boolean => valid(parse(yaml))
const program = (yaml: string): boolean =>
  readExperiment(yaml, { file: 'x.yaml', registry, lookup: {}, mode: 'validate' }).diagnostics.every(({ severity }) => severity !== 'error')

test('what is committed is what the code says', () => {
  expect(drifted()).toEqual([])
})

const FILES = [...yamlIn('experiments'), ...yamlIn('test/fixtures/experiments')]
test.each(FILES)('%s is right to the editor and to the program', (file) => {
  expect(editor(text(file)), JSON.stringify(valid.errors?.slice(0, 5))).toBe(true)
  expect(program(text(file))).toBe(true)
})
test.each([true, false])('the experiment to begin with is right to the editor, too (sandbox: %s)', (sandbox) => {
  expect(editor(starterExperiment({ sandbox })), JSON.stringify(valid.errors?.slice(0, 5))).toBe(true)
})

const base = (extra: string): string => `firedrill: 1
title: T
system: s
targets: {eu: {process: {port: 8080}}, wire: {link: {name: wire}}}
probes: {edge: {http: {url: http://127.0.0.1:1}, every: 100ms}}
objectives: {rto: 30s}
${extra}`

const GOOD = [
  'limits: {duration: $long, targets: $many}',
  'hypothesis: 1.10',
  'hypothesis: true',
  'seed: 5',
  'steadyState: {probes: [edge], good: {min: 99.9%}}',
  'faults: [{name: k, fault: process/kill, target: eu, signal: SIGTERM}]',
  'faults: [{name: k, fault: $fault, target: eu, what: 1}]',
  'faults: [{name: k, fault: aws/anything, target: eu, what: [1]}]',
  'faults: [{name: k, fault: link/delay, target: wire, latency: 20ms, for: 3s, percent: 5%, after: {step: k2}}, {name: k2, fault: process/kill, target: eu}]',
  'ledgers: {l: {postgres: {write: $DSN, nodes: {a: {env: A}}}, rate: 50/s}}',
  'windows: [{days: [Mon, Tue], from: "09:00", to: "24:00", zone: UTC}]',
  'notify: {end: [{webhook: $HOOK}, {command: [./done]}]}',
  'load: {http: {url: http://127.0.0.1:1, rate: 5/s}}',
  'killSwitch: {url: https://example.com/go}',
  'undoStore: s3://drills/undo',
  'redundancy: {probe: edge, hold: 1s}',
]
const BAD = [
  'backgroud: 1',
  'limits: {duration: 30}',
  'limits: {targets: 0}',
  'limits: {targets: 1.5}',
  'limits: {tragets: 1}',
  'seed: "5"',
  'steadyState: {good: {min: 0.9}}',
  'steadyState: {good: 99%}',
  'steadyState: {probes: []}',
  'controls: soc2',
  'mechanisms: [X1]',
  'faults: [{name: k, fault: process/kil, target: eu}]',
  'faults: [{name: k, fault: process/kill, target: eu, latency: 3ms}]',
  'faults: [{name: k, fault: link/delay, target: wire}]',
  'faults: [{name: 1k, fault: process/kill, target: eu}]',
  'faults: [{fault: process/kill, target: eu}]',
  'faults: [{name: k, target: eu}]',
  'ledgers: {l: {postgre: {}}}',
  'ledgers: {l: {postgres: {write: {evn: A}, nodes: {a: {env: A}}}}}',
  'ledgers: {l: {rate: 5/s}}',
  'signals: {a: {webhook: {port: 1}, http: {url: http://127.0.0.1:1}}}',
  'signals: {a: {webhook: {port: 1}, stage: D7}}',
  'load: {http: {url: http://127.0.0.1:1, rate: 5}}',
  'windows: [{days: Mo-Fr, from: "09:00", to: "10:00", zone: UTC}]',
  'windows: [{from: "9:00", to: "10:00", zone: UTC}]',
  'guardrails: [{probe: edge, keep: {good: {}}, over: 3s}]',
  'guardrails: [{probe: edge, keep: {good: {min: 3%}}}]',
  'notify: {end: [{webhok: $HOOK}]}',
  'failback: {when: later}',
  'killSwitch: {}',
  'redundancy: {probe: edge, ledger: l}',
]
describe('editor and program agree', () => {
  test.each(GOOD)('right: %s', (extra) => {
    expect(program(base(extra))).toBe(true)
    expect(editor(base(extra)), JSON.stringify(valid.errors?.slice(0, 5))).toBe(true)
  })
  test.each(BAD)('wrong: %s', (extra) => {
    expect(program(base(extra))).toBe(false)
    expect(editor(base(extra))).toBe(false)
  })
  test.each(['title: T', 'system: s', 'firedrill: 1'])('%s cannot be left out', (line) => {
    const left = base('').replace(`${line}\n`, '')
    expect(program(left)).toBe(false)
    expect(editor(left)).toBe(false)
  })
})

/** Every node of a shape, with the path to it. */
function* nodesOf(node: ShapeNode, path: string): Generator<readonly [string, ShapeNode]> {
  yield [path, node]
  if (node.type === 'list') yield* nodesOf(node.item, `${path}[]`)
  if (node.type === 'map') yield* nodesOf(node.value, `${path}.*`)
  if (node.type === 'either') for (const [i, inner] of node.of.entries()) yield* nodesOf(inner, `${path}|${i}`)
  if (node.type === 'object' || node.type === 'keyed' || node.type === 'tagged')
    for (const [key, field] of Object.entries(node.fields)) yield* nodesOf(field.node, `${path}.${key}`)
  if (node.type === 'keyed' || node.type === 'tagged')
    for (const [key, kind] of Object.entries(node.kinds)) yield* nodesOf(kind, `${path}.<${key}>`)
  if (node.type === 'keyed')
    for (const [kind, fields] of Object.entries(node.beside ?? {}))
      for (const [key, field] of Object.entries(fields)) yield* nodesOf(field.node, `${path}.<${kind}>+${key}`)
}

describe('every kind of the registry fits into the language', () => {
  const nodes = [...nodesOf(experimentShape(registry).node, '')]
  test('no parameter has the name of a field that every fault or action has', () => {
    const taken = nodes.flatMap(([path, node]) => {
      if (node.type !== 'tagged') return []
      return Object.entries(node.kinds).flatMap(([kind, of]) => {
        const own = of.type === 'object' ? Object.keys(of.fields) : []
        return own.filter((key) => key === node.tag || Object.hasOwn(node.fields, key)).map((key) => `${path} ${kind}: ${key}`)
      })
    })
    expect(taken).toEqual([])
  })
  test('parameters of faults and actions are mappings, for they stand beside the common fields', () => {
    const others = nodes.flatMap(([path, node]) =>
      node.type === 'tagged' ? Object.entries(node.kinds).flatMap(([kind, of]) => (of.type === 'object' ? [] : [`${path} ${kind}`])) : [],
    )
    expect(others).toEqual([])
  })
  test('parameters have a schema of their own, for the catalog', () => {
    const kinds = [...registry.faults.values(), ...registry.probes.values(), ...registry.ledgers.values(), ...registry.actions.values()]
    expect(kinds.length).toBeGreaterThan(10)
    for (const { parameters } of kinds) newAjv().compile(parametersJsonSchema(parameters))
  })
})
