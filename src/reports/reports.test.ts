import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { describe, expect, test } from 'vitest'
import { regionLoss } from '../../test/fixtures/report/drill.ts'
import type { ReportInput, Series } from '../contracts/report.ts'
import type { DrillRecord } from '../domain/record.ts'
import { html } from './html.ts'
import { json } from './json.ts'
import { junit } from './junit.ts'
import { markdown } from './markdown.ts'
import { recordSchema } from './record-schema.ts'
import { sayInterval, sayMeasured } from './words.ts'

const HOSTILE = `</script><img src=x onerror=alert(1)>"'&|\`*_\n]]>\u0000@all\ud800`

/** Every text of a drill may hold anything: names, codes and answers come from the world. */
function hostile<T>(of: T): T {
  if (Array.isArray(of)) return of.map(hostile) as T
  if (of === null || typeof of !== 'object') return of
  const entries = Object.entries(of).map(([key, value]) => {
    const fixed = [
      'kind',
      'verdict',
      'level',
      'state',
      'severity',
      'unit',
      'op',
      'censored',
      'valid',
      'stage',
      'why',
      'cause',
      'metastable',
    ].includes(key)
    return [key, typeof value === 'string' && !fixed ? `${value}${HOSTILE}` : hostile(value)]
  })
  return Object.fromEntries(entries) as T
}

const withRecord = (change: Partial<DrillRecord>): ReportInput => ({ ...regionLoss, record: { ...regionLoss.record, ...change } })
const textOf = (page: string): string =>
  page.replaceAll(/<style>[\s\S]*?<\/style>|<script[\s\S]*?<\/script>|<[^>]+>/g, ' ').replaceAll(/\s+/g, ' ')

describe('the HTML report', () => {
  const page = html.render(regionLoss)

  test('says the verdict first, then the objectives, then everything else', () => {
    const order = [
      'Broken',
      'Objectives',
      'Findings',
      'Timeline',
      'What was broken, and the proof',
      'What was undone, and the proof',
      'Environment',
    ]
    const places = order.map((word) => textOf(page).indexOf(word))
    expect(places).toEqual(places.toSorted((a, b) => a - b))
    expect(Math.min(...places)).toBeGreaterThan(-1)
  })

  test('shows every objective with its target, and what was not measured with its reason, never as 0', () => {
    const text = textOf(page)
    for (const said of [
      '3.19–3.31 s',
      'target ≤ 5 s',
      '2 writes',
      'no action of failback ended before the watching did',
      'at least 50 s',
    ]) {
      expect(text).toContain(said)
    }
    expect(text).toMatch(/Failback \? Unknown not measured target ≤ 20 s/)
  })

  test('fetches nothing and runs nothing but its own script and style, which its policy names', () => {
    expect(page).not.toMatch(/(?:src|href)=|url\(|@import|\bfetch\(|style="/)
    const policy = /Content-Security-Policy" content="([^"]+)"/.exec(page)?.[1] ?? ''
    for (const [, element, body] of page.matchAll(/<(script|style)>([\s\S]*?)<\/\1>/g)) {
      expect(policy).toContain(
        `${element}-src 'sha256-${createHash('sha256')
          .update(body ?? '')
          .digest('base64')}'`,
      )
    }
    expect(policy).toContain("default-src 'none'")
    expect([...page.matchAll(/<script(?: type="application\/json" id="data")?>/g)]).toHaveLength(2)
  })

  test('texts from the world stay texts', () => {
    const bad = html.render(hostile(regionLoss))
    expect(bad).not.toContain('<img')
    expect([...bad.matchAll(/<\/script>/g)]).toHaveLength(2)
    const markup = bad.replaceAll(/<style>[\s\S]*?<\/style>|<script[\s\S]*?<\/script>/g, '')
    expect([...markup.matchAll(/<(?!\/?[a-z!])/g)]).toEqual([])
    const data = /id="data">([\s\S]*?)<\/script>/.exec(bad)?.[1] ?? ''
    expect(() => JSON.parse(data) as unknown).not.toThrow()
    expect(bad).not.toContain('\u0000')
  })

  test('headings do not skip a level, tables have captions and heads, nothing is told by colour alone', () => {
    const levels = [...page.matchAll(/<h([1-6])[ >]/g)].map(([, level]) => Number(level))
    expect(levels[0]).toBe(1)
    for (const [i, level] of levels.entries()) expect(level - (levels[i - 1] ?? 1)).toBeLessThanOrEqual(1)
    const count = (of: RegExp) => [...page.matchAll(of)].length
    expect(count(/<table>/g)).toBe(count(/<caption/g))
    expect(count(/<svg/g)).toBe(count(/<svg [^>]*role="img" aria-label="[^"]+"/g))
    expect(page).toMatch(/<html lang="en">/)
    for (const [, word] of page.matchAll(/class="badge \w+"><span aria-hidden="true">.<\/span> ([^<]*)</gu)) expect(word).toMatch(/\w+/)
  })

  test('a long drill with many probes stays below 1.5 MB and keeps every bad bucket', () => {
    const length = 4_000
    const series = Array.from({ length: 12 }, (_, p): Series => {
      const column = <T>(of: (i: number) => T): T[] => Array.from({ length }, (_unused, i) => of(i))
      const mid = column((i) => 0.004123 + i / 1e7)
      return {
        probe: `probe-${p}`,
        bucket: 21.6,
        at: column((i) => i * 21.6),
        min: mid,
        mid,
        max: mid,
        good: column(() => 216),
        bad: column((i) => (i === 1_237 ? 1 : 0)),
        unknown: column(() => 0),
      }
    })
    const long = html.render({ ...regionLoss, series })
    expect(long.length).toBeLessThan(1_500_000)
    const data = JSON.parse(/id="data">([\s\S]*?)<\/script>/.exec(long)?.[1] ?? '') as { series: { bad: number[] }[] }
    for (const { bad } of data.series) expect(bad.reduce((a, b) => a + b, 0)).toBe(1)
  })

  test('a drill that was refused before anything happened is a page all the same', () => {
    const empty = html.render({
      ...withRecord({ verdict: 'refused', exit: 4, faults: [], objectives: [], findings: [], phases: [], probes: [], load: null }),
      journal: [],
      series: [],
    })
    for (const said of ['Refused', 'Nothing was promised', 'No fault was injected', 'There was nothing to undo', 'No probe was sampled'])
      expect(textOf(empty)).toContain(said)
  })
})

describe('JUnit', () => {
  test('broken is a failure, unknown an error, an unproven effect an error; counts agree', () => {
    const xml = junit.render(regionLoss)
    expect([...xml.matchAll(/<failure /g)]).toHaveLength(2)
    expect([...xml.matchAll(/<error /g)]).toHaveLength(3)
    expect(xml).toMatch(/<testsuites name="firedrill" tests="9" failures="2" errors="3"/)
    expect(xml).toMatch(/name="objective rpo">\s*<failure message="2 writes, target ≤ 0 writes/)
    expect(xml).toMatch(/name="fault slow">\s*<error /)
  })

  test.each(['aborted', 'refused', 'unknown', 'error'] as const)('a drill that is %s is an error', (verdict) => {
    expect(junit.render(withRecord({ verdict }))).toMatch(/name="drill">\s*<error /)
  })

  test('texts from the world stay texts', () => {
    const xml = junit.render(hostile(regionLoss))
    expect(
      xml.replaceAll(/<\/?(?:testsuites?|testcase|properties|property|failure|error|system-out)(?: [^<>]*)?\/?>|<\?xml [^<>]*\?>/g, ''),
    ).not.toMatch(/[<>]|&(?!\w+;|#39;)/)
  })
})

describe('Markdown', () => {
  test('fits a comment and says verdict, objectives, undo', () => {
    const text = markdown.render(regionLoss)
    expect(text.length).toBeLessThan(8_000)
    expect(text).toMatch(/^### ✗ Broken: The primary scoring region goes dark \\<eu\\>\n/)
    expect(text).toContain('| Recovery time (RTO) | ≤ 5 s | 3.19–3.31 s | ✓ held: at most 3.312 s of 5 s |')
    expect(text).toContain('undone, read back')
  })

  test('a hostile text neither adds a column nor a row, nor calls anybody', () => {
    const columns = (text: string) =>
      text
        .split('\n')
        .filter((line) => line.startsWith('|'))
        .map((line) => line.replaceAll(/\\./g, '').split('|').length)
    const bad = markdown.render(hostile(regionLoss))
    expect(columns(bad)).toEqual(columns(markdown.render(regionLoss)))
    expect(bad).not.toMatch(/@all|(?<!\\)<img/)
  })
})

describe('JSON', () => {
  const valid = new Ajv2020({ allErrors: true, strict: true }).compile(recordSchema)

  test('is the record, in the published order and by the published schema', () => {
    const text = json.render(regionLoss)
    expect(JSON.parse(text)).toEqual(regionLoss.record)
    expect(Object.keys(JSON.parse(text) as object).slice(0, 7)).toEqual([
      'firedrill',
      'run',
      'experiment',
      'plan',
      'verdict',
      'exit',
      'reason',
    ])
    valid(JSON.parse(text))
    expect(valid.errors).toBeNull()
  })

  test('the committed schema is what the code says', () => {
    expect(JSON.parse(readFileSync(new URL('../../schema/record.schema.json', import.meta.url), 'utf8'))).toEqual(recordSchema)
  })

  test.each([
    ['a verdict of its own', { verdict: 'fine' }],
    ['a measure without its reason', { objectives: [{ ...regionLoss.record.objectives[0], measured: { lo: null, hi: null, unit: 's' } }] }],
    ['a field that nobody knows', { extra: 1 }],
  ])('the schema refuses %s', (_, change) => {
    expect(valid({ ...regionLoss.record, ...change })).toBe(false)
  })
})

describe('numbers in words', () => {
  test.each([
    [[3.19, 3.312, 's'], '3.19–3.31 s'],
    [[0.0141, 0.0142, 's'], '14.10–14.20 ms'],
    [[30, 30, 's'], '30 s'],
    [[0, 0, 's'], '0 ms'],
    [[0.05, 0.05, 's'], '50 ms'],
    [[0.0011, 0.0014, 'ratio'], '0.110–0.140 %'],
    [[2, 2, 'writes'], '2 writes'],
    [[0, 120, 's'], '0–120 s'],
  ] as const)('%j is %s', ([lo, hi, unit], said) => {
    expect(sayInterval(lo, hi, unit)).toBe(said)
  })

  test('an open end is said, and what is not known is not 0', () => {
    const how = { unit: 's', method: 'm' }
    expect(sayMeasured({ lo: 50, hi: null, censored: 'right', ...how })).toBe('at least 50 s')
    expect(sayMeasured({ lo: 0, hi: 0.2, censored: 'left', ...how })).toBe('at most 200 ms')
    expect(sayMeasured({ lo: null, hi: null, unit: 's', reason: 'no reads' })).toBe('not measured: no reads')
    expect(sayMeasured({ lo: null, hi: null, censored: null, ...how })).toBe('not measured: nothing is known')
  })
})
