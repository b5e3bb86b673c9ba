import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { Breach, Observer, ObserverEvents, ObserverPlan } from '../../contracts/observer.ts'
import type { SignalSeen } from '../../contracts/signal.ts'
import type { Guardrail, ProbeDecl } from '../../domain/experiment.ts'
import { rows, SAMPLES_HEADER, type Sample } from '../../domain/sample.ts'
import { rate, ratio, seconds } from '../../domain/time.ts'
import { readSamples } from '../../evidence/samples.ts'
import { startObserver } from './start.ts'

const start = startObserver(new URL('../../cli/processes/observer-main.ts', import.meta.url))

let out: string
let server: Server
let url: string
let answer: (path: string) => Promise<number>
let observer: Observer | undefined

beforeEach(async () => {
  out = await mkdtemp(join(tmpdir(), 'observer-'))
  answer = async () => 200
  server = createServer((request, response) => {
    void answer(request.url ?? '').then((status) => response.writeHead(status).end(String(request.headers['firedrill-run'])))
  })
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve)
  })
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})
afterEach(async () => {
  await observer?.stop()
  observer = undefined
  server.closeAllConnections()
  server.close()
  await rm(out, { recursive: true })
})

const probe = (name: string, every: number, more: Partial<ProbeDecl> = {}): ProbeDecl => ({
  name,
  kind: 'http',
  spec: { url: `${url}/${name}`, method: 'GET', headers: {}, freshDns: true, insecure: false, keepAlive: false },
  expect: { status: '2xx' },
  every: seconds(every),
  timeout: seconds(1),
  role: 'client',
  ...more,
})
const guardrail = (more: Partial<Guardrail> = {}): Guardrail => ({
  name: 'stay up',
  probe: 'a',
  keep: { good: { min: ratio(0.5) } },
  over: seconds(0.5),
  noData: seconds(0.6),
  ...more,
})

interface Seen {
  readonly samples: Map<string, Sample[]>
  readonly signals: [string, SignalSeen][]
  readonly breaches: Breach[]
  readonly lost: string[]
  readonly loadEvents: string[]
}

const planOf = (plan: Partial<ObserverPlan>): ObserverPlan => ({
  run: 'test-run',
  out,
  folder: out,
  monotonic: process.hrtime.bigint(),
  lease: { file: '', epoch: 1 },
  env: {},
  probes: [],
  signals: [],
  guardrails: [],
  load: null,
  limit: seconds(60),
  ...plan,
})

async function observe(plan: Partial<ObserverPlan>): Promise<Seen & { readonly now: () => number; readonly watch: Observer }> {
  const seen: Seen = { samples: new Map(), signals: [], breaches: [], lost: [], loadEvents: [] }
  const events: ObserverEvents = {
    samples: (name, block) => seen.samples.set(name, [...(seen.samples.get(name) ?? []), ...rows(block)]),
    signal: (name, what) => seen.signals.push([name, what]),
    breach: (breach) => seen.breaches.push(breach),
    loadFull: () => seen.loadEvents.push('full'),
    loadEnded: () => seen.loadEvents.push('ended'),
    note: () => {},
    lost: (why) => seen.lost.push(why),
  }
  const whole = planOf(plan)
  observer = await start(whole, events)
  return { ...seen, watch: observer, now: () => Number(process.hrtime.bigint() - whole.monotonic) / 1e9 }
}

test('samples reach the main thread and the file, on the drill clock, one a slot', async () => {
  const seen = await observe({ probes: [probe('a', 0.02), probe('b', 0.1)] })
  await pause(600)
  const summary = await seen.watch.stop()
  const a = seen.samples.get('a') ?? []
  expect(a.length).toBeGreaterThan(20)
  expect(seen.samples.get('b')?.length).toBeGreaterThan(3)
  a.sort((x, y) => x.planned - y.planned)
  for (const [i, sample] of a.entries()) {
    expect(Math.abs(sample.planned - (a[0]?.planned ?? 0) - i * 20_000)).toBeLessThan(3)
    expect(sample.start).toBeGreaterThanOrEqual(sample.planned - 1)
    if (sample.outcome !== 'missed') expect(sample.end).toBeGreaterThan(sample.start)
  }
  expect(a.at(-1)?.end).toBeLessThan(seen.now() * 1e6)
  const lines = (await readFile(join(out, 'samples', 'a.csv'), 'utf8')).trimEnd().split('\n')
  expect(lines[0]).toBe(SAMPLES_HEADER)
  expect(lines).toHaveLength(a.length + 1)
  expect(lines[1]).toMatch(/^\d+,\d+,\d+,(full,200|missed,local:late)$/)
  expect(summary.slip['a']?.p50).toBeLessThan(0.02)
  expect(seen.lost).toEqual([])
})

test('a hanging answer does not hold up the next request, and is failed at its timeout', async () => {
  answer = async () => {
    await pause(5_000)
    return 200
  }
  const seen = await observe({ probes: [probe('a', 0.05, { timeout: seconds(0.2) })] })
  await pause(700)
  await seen.watch.stop()
  const a = (seen.samples.get('a') ?? []).filter((sample) => sample.outcome === 'failed')
  expect(a.length).toBeGreaterThan(8)
  for (const sample of a) {
    expect(sample.code).toBe('timeout')
    expect((sample.end - sample.start) / 1e6).toBeGreaterThan(0.19)
    expect((sample.end - sample.start) / 1e6).toBeLessThan(0.45)
  }
})

test('a guardrail breaches once, soon, and only while armed', async () => {
  const seen = await observe({ probes: [probe('a', 0.02)], guardrails: [guardrail()] })
  answer = async () => 503
  await pause(700)
  expect(seen.breaches).toEqual([])
  answer = async () => 200
  await pause(700)
  seen.watch.arm()
  await pause(100)
  const broke = seen.now()
  answer = async () => 503
  await pause(500)
  expect(seen.breaches).toHaveLength(1)
  const [breach] = seen.breaches
  expect(breach?.why).toBe('breach')
  expect(breach?.at.hi).toBeGreaterThan(broke + 0.2)
  expect(breach?.at.hi).toBeLessThan(broke + 0.6)
  expect((breach?.at.hi ?? 0) - (breach?.at.lo ?? 0)).toBeLessThan(0.3)
})

test('a guardrail without data trips as such', async () => {
  answer = () => new Promise(() => {})
  const seen = await observe({ probes: [probe('a', 0.05, { timeout: seconds(5) })], guardrails: [guardrail()] })
  seen.watch.arm()
  await pause(900)
  expect(seen.breaches.map((breach) => breach.why)).toEqual(['no-data'])
})

test('while a control probe is bad, nothing counts against the system', async () => {
  const seen = await observe({
    probes: [probe('a', 0.02), probe('control', 0.05, { role: 'control' })],
    guardrails: [guardrail({ noData: seconds(10) })],
  })
  await pause(300)
  seen.watch.arm()
  answer = async () => 503
  await pause(800)
  expect(seen.breaches).toEqual([])
  expect(seen.samples.get('a')?.some((sample) => sample.outcome === 'failed')).toBe(true)
})

test('what cannot start refuses with one sentence', async () => {
  await expect(observe({ probes: [probe('a', 1, { kind: 'carrier-pigeon' })] })).rejects.toThrow('no probe kind carrier-pigeon')
})

test('the built-in load runs on the thread: its samples in their file, its end reported', async () => {
  const load = {
    kind: 'http',
    spec: { url: `${url}/load`, method: 'GET', headers: {}, freshDns: true, insecure: false, timeout: 1, keepAlive: true },
    rate: rate(200),
    ramp: seconds(0.2),
  }
  const seen = await observe({ load })
  await expect.poll(() => seen.loadEvents).toEqual(['full'])
  await pause(400)
  await seen.watch.stopLoad()
  expect(seen.loadEvents).toEqual(['full', 'ended'])
  const samples = [...readSamples(join(out, 'samples', 'load.csv'))].flatMap((block) => [...rows(block)])
  expect(samples.length).toBeGreaterThan(60)
  expect(samples.filter((sample) => sample.outcome === 'full').length).toBeGreaterThan(50)
  expect([...seen.samples.keys()]).toEqual([])
})

test('everything sampled so far is on disk after a flush', async () => {
  const seen = await observe({ probes: [probe('a', 0.02)] })
  await pause(300)
  await seen.watch.flush()
  const written = [...readSamples(join(out, 'samples', 'a.csv'))].reduce((sum, block) => sum + block.length, 0)
  expect(written).toBeGreaterThanOrEqual(seen.samples.get('a')?.length ?? 0)
  expect(written).toBeGreaterThan(8)
})

test('a signal that cannot start refuses the whole observer; one that can reports through it', async () => {
  const taken = (server.address() as AddressInfo).port
  const signal = (port: number) =>
    ({ name: 'alert', kind: 'webhook', spec: { port, host: '127.0.0.1', path: '/', match: {} }, stage: 'D2', every: seconds(1) }) as const
  await expect(observe({ signals: [signal(taken)] })).rejects.toMatchObject({ code: 'PORT_IN_USE', exit: 4 })
})

test('being stopped is no loss, however often', async () => {
  for (let i = 0; i < 5; i++) {
    const seen = await observe({ run: `run-${i}`, probes: [probe('a', 0.02)] })
    await seen.watch.stop()
    await pause(20)
    expect(seen.lost).toEqual([])
  }
})

test('a thread that falls silent is lost within two seconds', async () => {
  const seen: string[] = []
  const entry = new URL('../../../test/fixtures/observer/silent-main.ts', import.meta.url)
  const events: ObserverEvents = {
    samples: () => {},
    signal: () => {},
    breach: () => {},
    loadFull: () => {},
    loadEnded: () => {},
    note: () => {},
    lost: (why) => seen.push(why),
  }
  const silent = await startObserver(entry)({ ...planOf({}), run: 'silent' }, events)
  await expect.poll(() => seen, { timeout: 2_500 }).toHaveLength(1)
  expect(seen[0]).toContain('has not been heard of')
  await silent.stop()
  const dead = startObserver(entry)({ ...planOf({}), run: 'dead' }, events)
  await expect(dead).rejects.toThrow('died')
  expect(seen).toHaveLength(1)
})

test('a folder that takes no samples refuses before anything is injected', async () => {
  await writeFile(join(out, 'samples'), 'in the way')
  await expect(observe({ probes: [probe('a', 0.02)] })).rejects.toMatchObject({ code: 'CANNOT_WRITE', exit: 4 })
})

test('a disk that is full loses the observer, with the reason', async () => {
  await mkdir(join(out, 'samples'))
  await symlink('/dev/full', join(out, 'samples', 'a.csv'))
  const seen = await observe({ probes: [probe('a', 0.02)] })
  await expect.poll(() => seen.lost, { timeout: 2_000 }).toHaveLength(1)
  expect(seen.lost[0]).toMatch(/cannot be written.*ENOSPC/)
})
