import { statSync } from 'node:fs'
import { appendFile, mkdtemp, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { OUTCOMES, rows, SAMPLES_HEADER, type Sample } from '../domain/sample.ts'
import { createRecorder } from '../engine/observer/recorder.ts'
import { cleanCode, createSampleFile } from '../engine/observer/sample-file.ts'
import { readSamples } from './samples.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'samples-'))
})
afterAll(() => rm(folder, { recursive: true }))

const micros = fc.integer({ min: -1_000_000, max: Number.MAX_SAFE_INTEGER })
const sample: fc.Arbitrary<Sample> = fc.record({
  planned: micros,
  start: micros,
  end: micros,
  outcome: fc.constantFrom(...OUTCOMES),
  code: fc.oneof(fc.constantFrom('200', 'ECONNREFUSED', 'timeout', ''), fc.string({ unit: 'binary', maxLength: 80 })),
})
const read = (file: string): Sample[] => [...readSamples(file)].flatMap((block) => [...rows(block)])

test('what was written is read back', async () => {
  const file = join(folder, 'round.csv')
  await fc.assert(
    fc.asyncProperty(fc.array(sample, { maxLength: 50 }), async (samples) => {
      const out = await createSampleFile(file)
      for (const { planned, start, end, outcome, code } of samples) {
        out.add(planned, start, end, OUTCOMES.indexOf(outcome), cleanCode(code))
      }
      await out.close()
      expect(read(file)).toEqual(samples.map((one) => ({ ...one, code: cleanCode(one.code) })))
    }),
    { numRuns: 60 },
  )
})

test('cleaned codes are short, single words or phrases that a CSV needs no quotes for', () => {
  fc.assert(fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (code) => /^[ !#-+\--~]{0,64}$/.test(cleanCode(code))))
  expect(cleanCode('exit 1')).toBe('exit 1')
  expect(cleanCode('a,"b"\r\nc')).toBe('a  b   c')
})

test('recording rounds outwards: the written times still contain the request', async () => {
  const file = await createSampleFile(join(folder, 'rounded.csv'))
  createRecorder(file, false).record(1.000_000_4, 1.000_000_9, 1.000_001_1, 'full', '200')
  await file.close()
  expect(read(join(folder, 'rounded.csv'))).toEqual([
    { planned: 1_000_000, start: 1_000_000, end: 1_000_002, outcome: 'full', code: '200' },
  ])
})

test('a file torn anywhere gives every whole line and nothing else', async () => {
  const file = join(folder, 'torn.csv')
  const lines = ['100000,100010,100900,full,200', '200000,200010,200900,failed,ECONNREFUSED', '300000,300000,300000,missed,local:late']
  const text = `${[SAMPLES_HEADER, ...lines].join('\n')}\n`
  for (let length = text.length; length >= 0; length--) {
    await writeFile(file, text)
    await truncate(file, length)
    const whole = Math.max(0, text.slice(0, length).split('\n').length - 2)
    expect(read(file)).toHaveLength(whole)
  }
})

test('a damaged line is not taken for a sample', async () => {
  for (const line of ['1,2,full,200', '1,2,3,fine,200', 'x,2,3,full,200', '1,2,3', '1.5,2,3,full,', '', '1,2,3,fullest,200']) {
    const file = join(folder, 'damaged.csv')
    await writeFile(file, `${SAMPLES_HEADER}\n1,2,3,full,200\n${line}\n`)
    expect(() => read(file), line).toThrow('not a sample')
  }
  const headless = join(folder, 'headless.csv')
  await writeFile(headless, '1,2,3,full,200\n')
  expect(() => read(headless)).toThrow('not a sample')
})

test('half a million rows are read quickly, in blocks of bounded size', async () => {
  const file = join(folder, 'long.csv')
  await writeFile(file, `${SAMPLES_HEADER}\n`)
  const chunk = Array.from({ length: 50_000 }, (_, i) => `${i * 1000},${i * 1000 + 30},${i * 1000 + 1530},full,200\n`).join('')
  for (let i = 0; i < 10; i++) await appendFile(file, chunk)
  const started = performance.now()
  let count = 0
  let widest = 0
  let sum = 0
  for (const block of readSamples(file)) {
    count += block.length
    widest = Math.max(widest, block.length)
    for (let i = 0; i < block.length; i++) sum += (block.end[i] ?? 0) - (block.planned[i] ?? 0)
  }
  expect(count).toBe(500_000)
  expect(sum / count).toBe(1530)
  expect(widest).toBeLessThan(90_000)
  const rate = statSync(file).size / 1e6 / ((performance.now() - started) / 1000)
  expect(rate, 'MB/s').toBeGreaterThan(15)
})
