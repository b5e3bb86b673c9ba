/**
 * What measuring costs: ten million samples from a file, against reading its bytes (`file [samples]`), and the memory of a day at 1,000 samples
 * a second, made block by block (`day [samples]`). Without an argument both.
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
import { EVERY, samples } from '../kit/samples.ts'
import { inMb, inS, print, type Row } from '../kit/table.ts'

const MEMORY = 250 * 2 ** 20

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

const peak = (): number => process.resourceUsage().maxRSS * 1024
const memory = (): Row => ({ what: 'peak memory', measured: inMb(peak()), limit: `≤ ${inMb(MEMORY)}`, held: peak() <= MEMORY })
const speed = (count: number, took: number): string => `${inS(took)}, ${(count / took / 1e6).toFixed(2)} M samples/s`
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
    const bytes = timed(() => readBytes(file))
    const parse = timed(() => {
      let rows = 0
      for (const { length } of readSamples(file)) rows += length
      return rows
    })
    const all = timed(() => measure(evidenceOf(() => readSamples(file), count)))
    const perRead = (took: number): string => `${(took / bytes.took).toFixed(0)} ×`
    print(`${count.toLocaleString('en')} samples from a file of ${inMb(statSync(file).size)}`, [
      { what: 'read the bytes', measured: inS(bytes.took) },
      { what: 'parse once', measured: speed(count, parse.took), ratio: perRead(parse.took) },
      { what: 'measure', measured: speed(count, all.took), ratio: perRead(all.took) },
      recovered(all.value),
      memory(),
    ])
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function day(count: number): void {
  const all = timed(() => measure(evidenceOf(() => samples(count), count)))
  print(`${count.toLocaleString('en')} samples (a day at 1,000 a second), made block by block`, [
    { what: 'measure', measured: speed(count, all.took) },
    recovered(all.value),
    memory(),
  ])
}

/** The measured recovery must hold the one that was made up. */
function recovered({ measures, verdict }: ReturnType<typeof measure>): Row {
  const { lo, hi } = measures.rta.incident
  return { what: 'recovery', measured: `${lo} to ${hi} s, ${verdict}`, held: verdict === 'held' }
}

/** Each in a process of its own, since peak memory is the process's. */
function both(): void {
  for (const one of ['file', 'day']) {
    const { status } = spawnSync(process.execPath, [import.meta.filename, one], { stdio: 'inherit' })
    if (status !== 0) process.exitCode = 1
  }
}

const [what, count, into] = process.argv.slice(2)
if (what === 'write' && into !== undefined) writeFile(into, Number(count))
else if (what === 'day') day(Number(count ?? 86_400_000))
else if (what === 'file') tenMillion(Number(count ?? 10_000_000))
else both()
