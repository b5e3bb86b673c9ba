/**
 * What measuring costs. `node bench/measure/run.ts` analyses ten million samples from a file and prints the time against reading its bytes;
 * `node bench/measure/run.ts day` feeds a day at 1,000 samples a second, made block by block, and prints the peak memory (limit: 250 MB).
 */
import { spawnSync } from 'node:child_process'
import { closeSync, mkdirSync, mkdtempSync, openSync, readSync, rmSync, statSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { OUTCOMES, SAMPLES_HEADER, type SampleBlock } from '../../src/domain/sample.ts'
import { ratio, seconds } from '../../src/domain/time.ts'
import { readSamples } from '../../src/evidence/samples.ts'
import type { Evidence } from '../../src/measure/evidence.ts'
import { measure } from '../../src/measure/measure.ts'
import { lifeOf, synthetic } from '../../test/fixtures/synthetic-drill.ts'

const BLOCK = 10_000
const EVERY = 1_000
const FULL = OUTCOMES.indexOf('full')
const FAILED = OUTCOMES.indexOf('failed')

/** A thousand samples a second; all of them refused from 10.03 s to 14 s, and one in a thousand ever after. */
function* samples(count: number): Generator<SampleBlock> {
  for (let first = 0; first < count; first += BLOCK) {
    const length = Math.min(BLOCK, count - first)
    const block = {
      length,
      planned: new Float64Array(length),
      start: new Float64Array(length),
      end: new Float64Array(length),
      outcome: new Uint8Array(length),
      code: Array.from({ length }, () => '200'),
    }
    for (let i = 0; i < length; i++) {
      const slot = first + i
      const planned = slot * EVERY
      const down = planned >= 10_030_000 && planned < 14_000_000
      block.planned[i] = planned
      block.start[i] = planned + (slot % 7) * 10
      block.end[i] = planned + 2_000 + (slot % 7) * 10 + ((slot * 7919) % 997)
      block.outcome[i] = down || slot % 1_009 === 0 ? FAILED : FULL
    }
    yield block
  }
}

function evidenceOf(open: () => Iterable<SampleBlock>, length: number): Evidence {
  const last = length / (1e6 / EVERY)
  const events = lifeOf().map(([at, event]) => [at < 30 ? at : at - 60 + last, event] as const)
  const rto = { within: seconds(30), to: { probe: 'web', good: ratio(0.99) }, hold: seconds(10) }
  const budget = { slo: ratio(0.999), window: seconds(2_592_000), probe: 'web', traffic: 200 as never, spend: ratio(1) }
  const made = synthetic({
    probes: { web: { every: seconds(EVERY / 1e6), timeout: seconds(0.3) } },
    objectives: { rto, budget },
    events,
    good: 0.99,
  })
  return { ...made, samples: () => ({ [Symbol.iterator]: () => open()[Symbol.iterator]() }) }
}

const rss = () => process.resourceUsage().maxRSS / 1024
const timed = <T>(work: () => T): { readonly took: number; readonly value: T } => {
  const from = performance.now()
  const value = work()
  return { took: (performance.now() - from) / 1000, value }
}

function writeFile(file: string, count: number): void {
  const out = openSync(file, 'w')
  writeSync(out, `${SAMPLES_HEADER}\n`)
  for (const { length, planned, start, end, outcome, code } of samples(count)) {
    const lines: string[] = []
    for (let i = 0; i < length; i++) lines.push(`${planned[i]},${start[i]},${end[i]},${OUTCOMES[outcome[i] ?? 0]},${code[i]}\n`)
    writeSync(out, lines.join(''))
  }
  closeSync(out)
}

function readBytes(file: string): number {
  const buffer = Buffer.allocUnsafe(1 << 20)
  const from = openSync(file, 'r')
  let total = 0
  for (let read = readSync(from, buffer); read > 0; read = readSync(from, buffer)) total += read
  closeSync(from)
  return total
}

function tenMillion(count: number): void {
  const folder = mkdtempSync(join(tmpdir(), 'firedrill-bench-'))
  try {
    mkdirSync(join(folder, 'samples'))
    const file = join(folder, 'samples', 'web.csv')
    // In a process of its own: the memory that making the file takes is not what measuring takes.
    spawnSync(process.execPath, [import.meta.filename, 'write', String(count), file], { stdio: 'inherit' })
    const before = rss()
    const bytes = timed(() => readBytes(file))
    const parse = timed(() => {
      let rows = 0
      for (const { length } of readSamples(file)) rows += length
      return rows
    })
    const all = timed(() => measure(evidenceOf(() => readSamples(file), count)))
    const { rta } = all.value.measures
    console.log(`samples        ${count.toLocaleString('en')} (${(statSync(file).size / 2 ** 20).toFixed(0)} MB)`)
    console.log(`read the bytes ${bytes.took.toFixed(2)} s`)
    console.log(`parse once     ${parse.took.toFixed(2)} s`)
    console.log(
      `measure        ${all.took.toFixed(2)} s = ${(count / all.took / 1e6).toFixed(2)} M samples/s, ${(all.took / bytes.took).toFixed(1)} × reading, ${(all.took / parse.took).toFixed(1)} × parsing`,
    )
    console.log(`peak memory    ${rss().toFixed(0)} MB (${before.toFixed(0)} MB before)`)
    console.log(`rta            [${rta.incident.lo}, ${rta.incident.hi}] s, ${all.value.verdict}`)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function day(count: number): void {
  const all = timed(() => measure(evidenceOf(() => samples(count), count)))
  const { rta } = all.value.measures
  console.log(`samples        ${count.toLocaleString('en')} (a day at 1,000/s), made block by block`)
  console.log(`measure        ${all.took.toFixed(1)} s = ${(count / all.took / 1e6).toFixed(2)} M samples/s`)
  console.log(`peak memory    ${rss().toFixed(0)} MB (limit 250 MB)`)
  console.log(`rta            [${rta.incident.lo}, ${rta.incident.hi}] s, ${all.value.verdict}`)
  if (rss() > 250) process.exitCode = 1
}

const [what, count, into] = process.argv.slice(2)
if (what === 'write' && into !== undefined) writeFile(into, Number(count))
else if (what === 'day') day(Number(count ?? 86_400_000))
else tenMillion(Number(count ?? what ?? 10_000_000))
