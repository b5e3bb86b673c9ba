import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { lifeOf, PROBE, probeOf, synthetic } from '../../test/fixtures/synthetic-drill.ts'
import { rows, SAMPLES_HEADER } from '../domain/sample.ts'
import { ratio, seconds } from '../domain/time.ts'
import { measure } from '../measure/measure.ts'
import { openFolder, seriesOf } from './folder.ts'

let folder = ''
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'firedrill-folder-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const down = [{ from: 10.03, to: 14, how: 'refused' }] as const
const service = { every: PROBE.every, timeout: PROBE.timeout, latency: () => 0.01, late: () => 0, down }
const objectives = { rto: { within: seconds(10), to: { probe: 'web', good: ratio(1) }, hold: seconds(2) } }

function written(to = 60) {
  const made = synthetic({ samples: { web: probeOf(service, 1, to) }, objectives, events: lifeOf() })
  mkdirSync(join(folder, 'samples'))
  writeFileSync(join(folder, 'plan.json'), JSON.stringify(made.plan))
  writeFileSync(join(folder, 'experiment.yaml'), 'firedrill: 1\n')
  writeFileSync(join(folder, 'journal.ndjson'), made.journal.map((entry) => `${JSON.stringify(entry)}\n`).join(''))
  const lines = [...made.samples('web')].flatMap((block) =>
    [...rows(block)].map((s) => `${s.planned},${s.start},${s.end},${s.outcome},${s.code}`),
  )
  writeFileSync(join(folder, 'samples', 'web.csv'), `${[SAMPLES_HEADER, ...lines].join('\n')}\n`)
  return made
}

describe("a drill's folder", () => {
  it('gives the same record as the drill itself, again and again', () => {
    const made = written()
    const evidence = openFolder(folder)
    expect(measure(evidence)).toEqual(measure(made))
    expect(measure(evidence)).toEqual(measure(made))
    expect(evidence.experimentText).toContain('firedrill')
  })

  it('is read though its last line is torn and probes left nothing', () => {
    written()
    writeFileSync(join(folder, 'journal.ndjson'), '{"seq":99,"at":', { flag: 'a' })
    rmSync(join(folder, 'samples'), { recursive: true })
    expect(measure(openFolder(folder)).verdict).toBe('unknown')
  })

  it('that is none is named', () => {
    expect(() => openFolder(folder)).toThrow(/there is no plan.json/)
  })
})

describe('series', () => {
  it('has one entry a sample while there are few', () => {
    const made = written()
    const [web] = seriesOf(made)
    const refused = [...made.samples('web')].flatMap((block) => [...rows(block)]).filter(({ outcome }) => outcome === 'failed')
    expect(web?.bucket).toBeNull()
    expect(web?.at).toHaveLength(590)
    expect(web?.bad.reduce((a, b) => a + b)).toBe(refused.length)
  })

  it('thins many samples and loses no bad one', () => {
    const many = { ...service, every: 0.002 }
    const samples = { web: probeOf(many, 1, 60) }
    const [web] = seriesOf(synthetic({ samples, probes: { web: { every: seconds(0.002) } } }))
    expect(web?.at.length).toBeLessThanOrEqual(4_001)
    expect(web?.at.length).toBeGreaterThan(1_000)
    expect(web?.bad.reduce((a, b) => a + b)).toBe(samples.web.filter(({ outcome }) => outcome === 'failed').length)
    expect(web?.at).toEqual(web?.at.toSorted((a, b) => a - b))
    expect(web?.mid.every((mid, i) => mid === null || (mid >= (web.min[i] ?? 0) && mid <= (web.max[i] ?? 0)))).toBe(true)
  })
})
