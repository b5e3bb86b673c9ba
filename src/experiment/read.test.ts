import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Experiment } from '../domain/experiment.ts'
import { formatDuration, parseDuration, seconds } from '../domain/time.ts'
import { registry } from '../registry/index.ts'
import type { Diagnostic } from './document/diagnostic.ts'
import { renderDiagnostic } from './document/render.ts'
import { distance, nearest } from './document/suggest.ts'
import { type ReadResult, readExperiment } from './read.ts'
import { starterExperiment } from './starter.ts'
import type { Lookup, Mode } from './values/variables.ts'

const read = (text: string, lookup: Lookup = {}, mode: Mode = 'validate'): ReadResult =>
  readExperiment(text, { file: 'drill.yaml', registry, lookup, mode })
const fixture = (name: string): string => readFileSync(new URL(`../../test/fixtures/experiments/${name}`, import.meta.url), 'utf8')
const short = ({ line, column, endColumn, code, suggestion }: Diagnostic): string =>
  `${line}:${column}-${endColumn} ${code}${suggestion === undefined ? '' : ` → ${suggestion}`}`
const problems = (result: ReadResult): readonly string[] => result.diagnostics.filter(({ severity }) => severity !== 'note').map(short)

/** A file that is right, into which one thing is put that is not. */
const base = (extra: string): string => `firedrill: 1
title: T
system: s
targets:
  eu: {process: {port: 8080}}
  wire: {link: {name: wire}}
probes:
  edge: {http: {url: http://127.0.0.1:1}, expect: {status: 200}, every: 100ms}
objectives: {rto: 30s}
faults:
  - {name: kill, fault: process/kill, target: eu}
${extra}`
const without = (key: string): string => base('').replace(new RegExp(`^${key}:.*\\n(?: .*\\n)*`, 'm'), '')

const experimentOf = (text: string, lookup: Lookup = {}): Experiment => {
  const result = read(text, lookup, 'resolve')
  expect(problems(result)).toEqual([])
  if (result.experiment === undefined) throw new Error('no experiment came out')
  return result.experiment
}

test('a right file has no problem', () => {
  expect(read(base('')).diagnostics).toEqual([])
  expect(read(base('')).experiment?.title).toBe('T')
})

/** What is put behind the right file (its first line is line 12), and what is said about it. */
const BAD: readonly (readonly [name: string, extra: string, ...said: readonly string[]])[] = [
  ['unknown key', 'backgroud: 1', '12:1-10 UNKNOWN_KEY'],
  ['unknown key with a suggestion', 'guardrial: []', '12:1-10 UNKNOWN_KEY → guardrails'],
  ['a bare number', 'limits: {duration: 30}', '12:20-22 UNIT_MISSING → 30s'],
  ['a wrong unit', 'limits: {duration: 30 minutes}', '12:20-30 NOT_A_DURATION → 30m'],
  ['a share without %', 'steadyState: {good: {min: 0.99}}', '12:27-31 UNIT_MISSING → 99%'],
  ['more than 100 %', 'steadyState: {good: {min: 120%}}', '12:27-31 NOT_A_PERCENTAGE'],
  ['a rate without a time', 'load: {http: {url: http://127.0.0.1:1, rate: 50}}', '12:46-48 UNIT_MISSING → 50/s'],
  ['a rate in words', 'load: {http: {url: http://127.0.0.1:1, rate: 50rps}}', '12:46-51 NOT_A_RATE → 50/s'],
  ['a number in quotes', 'seed: "5"', '12:7-10 QUOTED → 5'],
  ['a fraction of a thing', 'seed: 1.5', '12:7-10 NOT_WHOLE'],
  ['out of range', 'limits: {targets: 0}', '12:19-20 OUT_OF_RANGE'],
  ['a duplicate key', 'title: again', '12:1-6 DUPLICATE_KEY'],
  ['a duplicate key inside', 'vars: {a: b, a: c}', '12:14-15 DUPLICATE_KEY'],
  [
    'an anchor and its alias',
    'vars: {a: &x b, c: *x}',
    '12:11-13 ANCHOR → put the value into vars and write $NAME',
    '12:20-22 ALIAS → "*x"',
    '12:20-22 WRONG_KIND',
  ],
  ['a merge key', 'vars:\n  <<: {a: b}', '13:3-5 MERGE_KEY'],
  ['a tag', 'vars: {a: !!str 1}', '12:12-13 TAG'],
  ['a second document', '---\ntitle: other', '12:1-4 SECOND_DOCUMENT'],
  ['a comparison', 'steadyState:\n  good: >= 92%', '13:9-15 COMPARISON → {min: 92%}'],
  ['a comparison in a mapping', 'steadyState: {good: {min: >9}}', '12:27-29 COMPARISON → {min: 9}'],
  [
    'a comparison that YAML takes for a text',
    'guardrails: [{probe: edge, keep: {good: <= 9%}, over: 9s}]',
    '12:41-46 WRONG_KIND → {max: 9%}',
  ],
  ['a number that is folded away', 'hypothesis: >9', '12:13-15 EMPTY_BLOCK → ">9"'],
  ['an empty block', 'hypothesis: |\nseed: 1', '12:13-14 EMPTY_BLOCK → "|"'],
  ['an empty value', 'hypothesis:\nseed: 1', '12:1-11 VALUE_MISSING'],
  [
    'a comma that cuts a value',
    'vars: {selector: a=b,c=d,e=f, x: y}',
    '12:22-25 CUT_BY_COMMA → selector: "a=b,c=d"',
    '12:26-29 CUT_BY_COMMA → selector: "a=b,c=d,e=f"',
  ],
  ['a comment that cuts a text', 'hypothesis: Drill #1', '12:19-21 CUT_BY_COMMENT → "Drill #1"'],
  ['a tab', 'vars:\n\ta: b', '13:1-2 YAML_TAB_AS_INDENT'],
  ['an open quote', 'hypothesis: "never closed', '12:13-14 YAML_MISSING_CHAR'],
  ['no mapping', 'limits: 4', '12:9-10 WRONG_KIND'],
  ['no list', 'controls: soc2', '12:11-15 WRONG_KIND → [soc2]'],
  ['an undefined target', 'actions: []\nlimits: {percent: {of: {target: ue}, max: 3%}}', '13:33-35 UNDEFINED_REF → eu'],
  ['an undefined probe', 'steadyState: {probes: [egde]}', '12:24-28 UNDEFINED_REF → edge'],
  ['an undefined fault', 'actions: [{name: a, action: command, argv: [x], after: kil}]', '12:56-59 UNDEFINED_REF → kill'],
  ['a name of a fault taken twice', 'actions: [{name: kill, action: command, argv: [x]}]', '12:18-22 DUPLICATE_NAME'],
  [
    'a step that waits for itself',
    'actions:\n  - {name: a, action: command, argv: [x], after: b}\n  - {name: b, action: command, argv: [x], after: a}',
    '13:50-51 AFTER_CYCLE',
    '14:50-51 AFTER_CYCLE',
  ],
  ['at and after', 'actions: [{name: a, action: command, argv: [x], at: 1s, after: kill}]', '12:57-62 AT_AND_AFTER'],
  ['a missing field', 'guardrails: [{probe: edge, keep: {good: {min: 2%}}}]', '12:14-15 FIELD_MISSING → over: 60s'],
  ['an unknown action', 'actions: [{name: a, action: comand}]', '12:29-35 KIND_UNKNOWN → command'],
  ['an unknown kind', 'ledgers: {l: {postgre: {}}}', '12:15-22 KIND_UNKNOWN → postgres'],
  ['two kinds', 'signals: {a: {webhook: {port: 1}, http: {url: http://127.0.0.1:1}}}', '12:35-39 KIND_TWICE'],
  ['a word that is none of the few', 'failback: {when: undoen}', '12:18-24 NOT_A_CHOICE → undone'],
  ['a return that nothing shows', 'failback: {when: redundancy-restored}', '12:18-37 NO_REDUNDANCY → redundancy: {ledger: …}'],
  ['a day that is none', 'windows: [{days: Mo-Fr, from: "09:00", to: "16:00", zone: Europe/Berlin}]', '12:18-23 NOT_A_MATCH → Mon-Fri'],
  ['a zone that is none', 'windows: [{from: "09:00", to: "16:00", zone: Europe/Berln}]', '12:46-58 NOT_A_ZONE → Europe/Berlin'],
  ['a window over midnight', 'windows: [{from: "22:00", to: "04:00", zone: Europe/Berlin}]', '12:31-38 WINDOW_ORDER'],
  ['a secret in the file', 'ledgers: {l: {postgres: {write: {env: A}, nodes: {a: {evn: B}}}}}', '12:55-58 UNKNOWN_KEY → env'],
  ['a store that is none', 'undoStore: ftp://x', '12:12-19 KIND_UNKNOWN → ./undo'],
  ['a variable in braces', `hypothesis: on \${HOST}`, '12:16-23 VAR_SYNTAX → $HOST'],
  ['a variable that no text can name', 'vars: {my-host: a}', '12:8-15 VAR_NAME → my_host'],
  ['a variable of itself', 'vars: {a: x$b, b: y$a}\nhypothesis: $a', '12:11-14 VAR_CYCLE', '12:19-22 VAR_CYCLE'],
  ['not for JSON', 'system2: .nan', '12:1-8 UNKNOWN_KEY → system'],
  ['columns behind wide characters', "vars: {a: 'é𝒳日本', a: b}", '12:19-20 DUPLICATE_KEY'],
]

describe('each trap is one diagnostic at its place', () => {
  test.each(BAD)('%s', (_, extra, ...said) => {
    expect(problems(read(base(extra)))).toEqual(said)
  })
})

/** Faults instead of the one in the file; line 11 is the fault's. */
const FAULTS: readonly (readonly [name: string, fault: string, ...said: readonly string[]])[] = [
  ['for on an event', '{name: k, fault: process/kill, target: eu, for: 3s}', '11:48-51 FOR_ON_EVENT'],
  ['for on an event that restart makes a state', '{name: k, fault: process/kill, target: eu, restart: [x], for: 3s}'],
  ['a target of the wrong platform', '{name: k, fault: process/kill, target: wire}', '11:44-48 WRONG_PLATFORM → eu'],
  ['no target', '{name: k, fault: process/kill}', '11:5-6 FIELD_MISSING → target: eu'],
  ['a share of what cannot be partial', '{name: k, fault: process/kill, target: eu, percent: 5%}', '11:48-55 NO_PERCENT'],
  ['a fault that is none', '{name: k, fault: process/kil, target: eu}', '11:22-33 KIND_UNKNOWN → process/kill'],
  ['a field of another fault', '{name: k, fault: link/cut, target: wire, for: 3s, signal: SIGKILL}', '11:55-61 UNKNOWN_KEY'],
  [
    'a repetition that overlaps',
    '{name: k, fault: link/cut, target: wire, for: 3s, repeat: {every: 2s, times: 3}}',
    '11:51-53 REPEAT_OVERLAP',
  ],
  [
    'a repetition without an end',
    '{name: k, fault: link/cut, target: wire, repeat: {every: 2s, times: 3}}',
    '11:46-52 FIELD_MISSING → for: 5s',
  ],
  ['longer than the drill', '{name: k, fault: link/cut, target: wire, for: 2h}', '11:51-53 DOES_NOT_FIT'],
  ['a fault of a platform to come', '{name: k, fault: aws/instance-stop, target: eu, whatever: [1]}'],
]
test.each(FAULTS)('fault: %s', (_, fault, ...said) => {
  const text = base('').replace(/- \{name: kill.*\}/, `- ${fault}`)
  expect(problems(read(text))).toEqual(said)
})

test('rpo: 0s is answered with lost: 0', () => {
  const text = base('ledgers: {l: {postgres: {write: {env: A}, nodes: {a: {env: A}}}}}').replace('{rto: 30s}', '{rpo: 0s}')
  expect(problems(read(text))).toEqual(['9:19-21 ZERO_RPO → {lost: 0}'])
})

test('all problems at once, in the order of the text', () => {
  const text = base('limits: {duration: 30, tragets: 4}\nbackgroud: 1\nsteadyState: {probes: [nobody]}')
  expect(problems(read(text))).toEqual([
    '12:20-22 UNIT_MISSING → 30s',
    '12:24-31 UNKNOWN_KEY → targets',
    '13:1-10 UNKNOWN_KEY',
    '14:24-30 UNDEFINED_REF',
  ])
})

test('what stands before a syntax error is still read', () => {
  expect(problems(read(base('').replace('title: T', 'titel: T').replace('{rto: 30s}', '{rto: >= 3s}')))).toEqual([
    '2:1-6 UNKNOWN_KEY → title',
    '9:19-24 COMPARISON → {min: 3s}',
  ])
})

test.each([
  ['', 'EMPTY'],
  ['# nothing\n', 'EMPTY'],
  ['- a\n', 'NOT_A_MAPPING'],
  ['%YAML 1.1\n---\nfiredrill: 1\n', 'YAML_VERSION'],
])('%j is no experiment', (text, code) => {
  expect(read(text).diagnostics.map((d) => d.code)).toContain(code)
  expect(read(text).experiment).toBeUndefined()
})

test.each(['title', 'system', 'probes', 'firedrill'])('%s is required', (key) => {
  expect(read(without(key)).diagnostics).toContainEqual(
    expect.objectContaining({ code: 'FIELD_MISSING', message: `the experiment has no ${key}` }),
  )
})

test('an objective that is missing is warned about', () => {
  expect(problems(read(without('objectives')))).toEqual(['1:1-2 NO_OBJECTIVE → objectives: {rto: 30s}'])
})

test('CR LF and a byte order mark change no place', () => {
  const text = base('backgroud: 1')
  expect(problems(read(`\uFEFF${text.replaceAll('\n', '\r\n')}`))).toEqual(problems(read(text)))
})

test('an alias bomb and a well of brackets are refused at once', () => {
  const bomb = [
    'a: &a [x,x,x,x,x,x,x,x,x]',
    ...Array.from(
      { length: 30 },
      (_, i) =>
        `b${i}: &b${i} [${Array(9)
          .fill(`*${i === 0 ? 'a' : `b${i - 1}`}`)
          .join(',')}]`,
    ),
  ]
  const started = performance.now()
  expect(read(`${bomb.join('\n')}\n`).diagnostics.map(({ code }) => code)).toContain('ALIAS')
  expect(read('['.repeat(900_000)).diagnostics.map(({ code }) => code)).toEqual(['TOO_DEEP'])
  expect(read('x'.repeat(2_000_000)).diagnostics.map(({ code }) => code)).toEqual(['TOO_LARGE'])
  expect(performance.now() - started).toBeLessThan(3_000)
})

test('the north star of the language has no problem, only notes of what is to come', () => {
  const { diagnostics, later, experiment } = read(fixture('north-star.yaml'))
  expect(new Set(diagnostics.map(({ severity, code }) => `${severity} ${code}`))).toEqual(new Set(['note LATER', 'note VAR_UNDEFINED']))
  expect(later.map(({ what, name }) => `${what} ${name}`)).toEqual(expect.arrayContaining(['platform aws', 'fault aws/subnet-blackhole']))
  expect(experiment).toBeUndefined()
})

describe('every section that is built', () => {
  const of = (): Experiment => experimentOf(fixture('everything-built.yaml'), { env: { OPS_HOOK: 'https://ops.example.com/secret' } })
  test('texts are what is written', () => {
    expect(of().title).toBe('Drill #1: version 1.10')
    expect(of().vars).toEqual({ host: '127.0.0.1', base: 'http://127.0.0.1:8080', wait: '30s' })
    expect(of().probes['edge']?.spec).toMatchObject({ url: 'http://127.0.0.1:8080/ok', body: { text: 'costs $5' } })
    expect(of().probes['edge']?.expect).toMatchObject({ json: [{ path: '$.host' }] })
  })
  test('a secret of the environment stays a reference', () => {
    expect(of().notify.start).toEqual([{ webhook: { env: 'OPS_HOOK' } }])
    expect(JSON.stringify(of())).not.toContain('ops.example.com')
    const { used } = read(fixture('everything-built.yaml'), { env: { OPS_HOOK: 'https://ops.example.com/secret' } })
    expect(used).toContainEqual({ name: 'OPS_HOOK', from: 'env', value: null })
  })
  test('defaults are filled in', () => {
    const { probes, guardrails, failback, redundancy, objectives, seed } = of()
    expect(probes['edge']).toMatchObject({ every: 0.1, timeout: 0.3, role: 'client' })
    expect(probes['control']).toMatchObject({ every: 1, timeout: 1, role: 'control' })
    expect(guardrails.map(({ name, noData }) => [name, noData])).toEqual([
      ['edge', 10],
      ['edge-2', 5],
    ])
    expect(failback).toMatchObject({ within: 240 })
    expect(redundancy).toEqual({ by: { ledger: 'orders' }, hold: 10, within: 480 })
    expect(objectives).toEqual({
      detection: { signal: 'alert', stage: 'D2', within: 60 },
      rto: { within: 30, to: { probe: 'edge', good: 0.99 }, hold: 5 },
      rpo: { ledger: 'orders', lost: 0 },
      failback: { within: 120 },
      redundancy: { within: 240 },
      budget: { slo: 0.999, window: 2_592_000, probe: 'edge', traffic: 200, spend: 0.1 },
      latency: { max: 0.2, quantile: 0.99, during: 'recovered', probe: 'edge' },
      wrong: { max: 0, probe: 'edge' },
    })
    expect(seed).toBe(of().seed)
  })
  test('targets, steps, windows, load', () => {
    const { targets, faults, windows, load, limits } = of()
    expect(targets['eu']).toMatchObject({ platform: 'process', pick: { share: 0.3 } })
    expect(targets['all']).toEqual({
      name: 'all',
      platform: 'process',
      selector: { kind: 'command', spec: 'model-server', tree: true },
      pick: { count: 2 },
    })
    expect(faults[0]).toMatchObject({ when: { at: 0 }, spec: { signal: 'SIGKILL' } })
    expect(faults[1]).toMatchObject({ when: { after: 'kill', delay: 2 }, for: 30, percent: 0.05 })
    expect(faults[2]).toMatchObject({
      when: { at: 60 },
      repeat: { every: 20, times: 5 },
      effect: { probe: 'edge', becomes: 'bad', share: 0.5 },
    })
    expect(windows).toEqual([{ days: [1, 2, 3, 5], from: 540, to: 960, zone: 'Europe/Berlin' }])
    expect(load).toMatchObject({ kind: 'http', rate: 200, ramp: 5, spec: { url: 'http://127.0.0.1:8080/ok' } })
    expect(load?.spec).not.toHaveProperty('rate')
    expect(limits).toEqual({ targets: 4, duration: 900, percent: { of: 'all', max: 0.34 } })
  })
})

describe('variables', () => {
  const text = (vars: string): string => base(`vars: {${vars}}\nhypothesis: $who`)
  const who = (vars: string, lookup: Lookup): string | undefined => experimentOf(text(vars), lookup).hypothesis
  test('--set wins over vars, vars over exports, exports over the environment', () => {
    const all = { set: { who: 'set' }, exports: { who: 'exports' }, env: { who: 'env' } }
    expect(who('who: vars', all)).toBe('set')
    expect(who('who: vars', { exports: all.exports, env: all.env })).toBe('vars')
    expect(who('', { exports: all.exports, env: all.env })).toBe('exports')
    expect(who('', { env: all.env })).toBe('env')
  })
  test('undefined is a note in validate and an error in resolve, where it stands', () => {
    const [note] = read(text('')).diagnostics
    expect(note).toMatchObject({ severity: 'note', code: 'VAR_UNDEFINED', line: 13, column: 13, endColumn: 17 })
    expect(read(text(''), {}, 'resolve').diagnostics).toMatchObject([{ severity: 'error', code: 'VAR_UNDEFINED' }])
  })
  test('a typed field takes a variable, and its value is held to the type', () => {
    const timed = base('limits: {duration: $long}')
    expect(problems(read(timed))).toEqual([])
    expect(experimentOf(timed, { set: { long: '20m' } }).limits.duration).toBe(1200)
    expect(problems(read(timed, { set: { long: '20' } }))).toEqual(['12:20-25 UNIT_MISSING → 20s'])
  })
  test('what a sandbox will export is no problem before it is up, and one when it is not there at all', () => {
    const sandbox = base('hypothesis: $SANDBOX_URL').replace('system: s', 'system: {sandbox: two-region}')
    expect(read(sandbox).diagnostics).toEqual([])
    expect(read(sandbox).system).toEqual({ sandbox: 'two-region', options: {} })
    expect(read(sandbox, {}, 'resolve').diagnostics).toMatchObject([{ code: 'VAR_UNDEFINED' }])
    expect(experimentOf(sandbox, { exports: { SANDBOX_URL: 'http://127.0.0.1:9' } }).hypothesis).toBe('http://127.0.0.1:9')
  })
  test('a --set that nothing uses is an error', () => {
    expect(problems(read(text('who: me'), { set: { hwo: 'you' } }))).toEqual(['1:1-2 VAR_UNUSED → who'])
  })
  test('part of a secret from the environment would be written down: refused', () => {
    const mixed = base('ledgers: {l: {postgres: {write: "postgres://u:$PW@h/d", nodes: {a: $DSN}}}}')
    const result = read(mixed, { env: { PW: 'hush', DSN: 'postgres://u:hush@h/d' } }, 'resolve')
    expect(problems(result)).toEqual(['12:33-55 SECRET_MIXED → {env: NAME}'])
    expect(JSON.stringify(result)).not.toContain('hush')
  })
})

test('a diagnostic is shown with its line, carets under the very text, and what to write', () => {
  const text = base('\tlimits: {}').replace('system: s', 'systen: "日本" # x')
  const [first] = read(base('').replace('system: s', 'sytem: "日本"')).diagnostics
  expect(renderDiagnostic(first as Diagnostic, text)).toContain('drill.yaml:1:1: error: the experiment has no system')
  const wide = base('windows: [{days: 日本, from: "09:00", to: "10:00", zone: UTC}]')
  const [days] = read(wide).diagnostics
  const [head, line, caret, suggestion] = renderDiagnostic(days as Diagnostic, wide).split('\n')
  expect(head).toMatch(/^drill\.yaml:12:18: error: “日本” is not days/)
  expect(line).toBe('  windows: [{days: 日本, from: "09:00", to: "10:00", zone: UTC}]')
  expect(caret).toBe(`  ${' '.repeat(17)}^^^^`)
  expect(suggestion).toBe('  write: Mon-Fri')
})

test.each([true, false])('the experiment to begin with is right (sandbox: %s)', (sandbox) => {
  expect(read(starterExperiment({ sandbox })).diagnostics).toEqual([])
})

describe('properties', () => {
  test('a duration that is formatted reads back', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 40 * 86_400_000 }), (milliseconds) => {
        const length = seconds(milliseconds / 1000)
        expect(parseDuration(formatDuration(length))).toBeCloseTo(length, 9)
      }),
    )
  })
  test('reading never throws, and every place lies in the text', () => {
    const mutated = fc.tuple(
      fc.nat({ max: base('').length }),
      fc.string({ maxLength: 6, unit: fc.constantFrom(...Array.from('{}[]:,#&*!|>\'"%@`$\n\t- a1')) }),
      fc.nat({ max: 8 }),
    )
    fc.assert(
      fc.property(mutated, ([at, put, cut]) => {
        const text = base('').slice(0, at) + put + base('').slice(at + cut)
        const lines = text.split('\n')
        for (const { line, column } of read(text).diagnostics) {
          expect(line).toBeLessThanOrEqual(lines.length)
          expect(column).toBeLessThanOrEqual((lines[line - 1] ?? '').length + 1)
        }
      }),
      { numRuns: 150 },
    )
  })
  test('the distance between words is a metric that knows swaps', () => {
    fc.assert(fc.property(fc.string({ maxLength: 8 }), fc.string({ maxLength: 8 }), (a, b) => distance(a, b) === distance(b, a)))
    expect(distance('prob', 'porb')).toBe(1)
    expect(nearest('egde', ['edge', 'eu'])).toBe('edge')
    expect(nearest('nobody', ['edge', 'eu'])).toBeUndefined()
  })
})
