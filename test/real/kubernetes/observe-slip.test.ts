import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { ObserverEvents, ObserverPlan } from '../../../src/contracts/observer.ts'
import type { SignalSeen } from '../../../src/contracts/signal.ts'
import type { ProbeDecl, SignalDecl } from '../../../src/domain/experiment.ts'
import type { Json } from '../../../src/domain/json.ts'
import { rows, type Sample } from '../../../src/domain/sample.ts'
import { seconds } from '../../../src/domain/time.ts'
import { startObserver } from '../../../src/engine/observer/start.ts'
import { type Folder, tempFolder } from '../../kit/context.ts'
import type { ControlPlane } from '../parts/control-plane.ts'
import { endSharedPlane, sharedPlane } from '../parts/shared-plane.ts'

const start = startObserver(new URL('../../../src/cli/processes/observer-main.ts', import.meta.url))

let plane: ControlPlane
let folder: Folder
let server: Server

beforeAll(async () => {
  folder = tempFolder()
  plane = await sharedPlane()
  await plane.deploy('cart', 2, { service: true })
  server = createServer((_, response) => response.end('ok'))
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve)
  })
})
afterAll(async () => {
  server.closeAllConnections()
  server.close()
  await endSharedPlane()
  folder[Symbol.dispose]()
})

const probe = (name: string, kind: string, spec: Json, expected: Json, every: number): ProbeDecl => ({
  name,
  kind,
  spec,
  expect: expected,
  every: seconds(every),
  timeout: seconds(0.5),
  role: 'client',
})

function clientProbe(): ProbeDecl {
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
  const spec = { url, method: 'GET', headers: {}, freshDns: true, insecure: false, keepAlive: false }
  return probe('client', 'http', spec, { status: '2xx' }, 0.02)
}

function looks(): { readonly probes: readonly ProbeDecl[]; readonly signals: readonly SignalDecl[] } {
  const { kubeconfig } = plane
  const signal = (name: string, spec: Json): SignalDecl => ({ name, kind: 'kubernetes', spec, stage: 'D1', every: seconds(0.5) })
  return {
    probes: [
      probe('api', 'kubernetes', { kind: 'api', spec: { path: '/readyz' }, kubeconfig }, {}, 0.05),
      probe('cart', 'kubernetes', { kind: 'endpoints', spec: { service: 'cart' }, namespace: 'default', kubeconfig }, {}, 0.05),
    ],
    signals: [
      signal('served', { kind: 'endpoints', spec: { service: 'cart', ready: { min: 1 } }, namespace: 'default', kubeconfig }),
      signal('nodes', {
        kind: 'node',
        spec: { kind: 'selector', spec: 'kubernetes.io/os=linux', condition: 'Ready', is: 'True' },
        kubeconfig,
      }),
    ],
  }
}

async function observe(plan: Partial<ObserverPlan>, meanwhile: () => Promise<void>) {
  const samples = new Map<string, Sample[]>()
  const signals: (readonly [string, SignalSeen])[] = []
  const lost: string[] = []
  const events: ObserverEvents = {
    samples: (name, block) => samples.set(name, [...(samples.get(name) ?? []), ...rows(block)]),
    signal: (name, seen) => signals.push([name, seen]),
    breach: () => undefined,
    loadFull: () => undefined,
    loadEnded: () => undefined,
    note: () => undefined,
    lost: (why) => lost.push(why),
  }
  const whole: ObserverPlan = {
    run: 'slip',
    out: folder.path,
    folder: folder.path,
    monotonic: process.hrtime.bigint(),
    lease: { file: '', epoch: 1 },
    env: {},
    probes: [],
    signals: [],
    guardrails: [],
    load: null,
    limit: seconds(60),
    ...plan,
  }
  const observer = await start(whole, events)
  await meanwhile()
  const { slip } = await observer.stop()
  return { samples, signals, lost, slip }
}

const codes = (of: readonly Sample[] = []): ReadonlySet<string> => new Set(of.map(({ code }) => code))
const ms = (value = 0): string => (value * 1000).toFixed(2)

test('an API server that hangs fails its own probes in time and delays nobody else’s', async () => {
  const alone = await observe({ probes: [clientProbe()] }, () => pause(4_000))
  const { probes, signals } = looks()
  const both = await observe({ probes: [clientProbe(), ...probes], signals }, async () => {
    await pause(1_500)
    await plane.pause('kube-apiserver')
    await pause(4_000)
    await plane.resume('kube-apiserver')
    await pause(2_500)
  })
  process.stderr.write(
    `slip of the client's probe, ms: alone p50 ${ms(alone.slip['client']?.p50)} p99 ${ms(alone.slip['client']?.p99)}, ` +
      `beside a hung API server p50 ${ms(both.slip['client']?.p50)} p99 ${ms(both.slip['client']?.p99)}; ` +
      `of the API's probe p50 ${ms(both.slip['api']?.p50)} p99 ${ms(both.slip['api']?.p99)}\n`,
  )
  expect(both.lost).toEqual([])
  expect(both.slip['client']?.p50).toBeLessThan(0.005)
  expect(both.slip['client']?.p99).toBeLessThan(Math.max(0.03, 3 * (alone.slip['client']?.p99 ?? 0)))
  for (const name of ['api', 'cart']) {
    expect([...codes(both.samples.get(name))]).toEqual(expect.arrayContaining(['200', 'timeout']))
    const late = (both.samples.get(name) ?? []).filter(({ code }) => code === 'timeout')
    expect(late.length).toBeGreaterThan(40)
    for (const { start: from, end } of late) expect(end - from).toBeLessThan(650_000)
  }
  for (const name of ['served', 'nodes'])
    expect(both.signals.filter(([of]) => of === name).map(([, { state }]) => state)).toEqual(['quiet', 'unknown', 'quiet'])
})
