import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import type { ObserverPlan } from '../../src/contracts/observer.ts'
import { rate, seconds } from '../../src/domain/time.ts'
import { startObserver } from '../../src/engine/observer/start.ts'
import { readSamples } from '../../src/evidence/samples.ts'

/**
 * How late the prober starts what is due (p50, p99), with a few probes as a drill has them and with thousands of requests a second,
 * and how much of one core that takes. The server that is asked runs on a thread of its own and answers as little as it can.
 */
const SERVER = `
const { parentPort } = require('node:worker_threads')
const { createServer } = require('node:http')
const server = createServer((request, response) => response.end('ok')).listen(0, '127.0.0.1', () => parentPort.postMessage(server.address().port))
`
const LENGTH = 5

interface Result {
  readonly started: number
  readonly missed: number
  readonly failed: number
  readonly slip: { readonly p50: number; readonly p99: number }
  /** Cores used by firedrill and the server together. */
  readonly cores: number
}

const server = new Worker(SERVER, { eval: true })
const port = await new Promise<number>((resolve) => {
  server.once('message', resolve)
})
const out = await mkdtemp(join(tmpdir(), 'prober-'))
const spec = { url: `http://127.0.0.1:${port}/`, method: 'GET', headers: {}, freshDns: true, insecure: false }

async function measure(name: string, plan: Pick<ObserverPlan, 'probes' | 'load'>): Promise<Result> {
  const observer = await startObserver(new URL('../../src/cli/processes/observer-main.ts', import.meta.url))(
    {
      ...plan,
      run: 'bench',
      out: join(out, name),
      folder: out,
      monotonic: process.hrtime.bigint(),
      lease: { file: '', epoch: 1 },
      env: {},
      signals: [],
      guardrails: [],
      limit: seconds(60),
    },
    {
      samples: () => {},
      signal: () => {},
      breach: () => {},
      loadFull: () => {},
      loadEnded: () => {},
      note: () => {},
      lost: (why) => {
        throw new Error(why)
      },
    },
  )
  const before = process.cpuUsage()
  await pause(LENGTH * 1000)
  const { user, system } = process.cpuUsage(before)
  await observer.stop()
  return {
    ...tally(join(out, name, 'samples'), plan.load ? ['load'] : plan.probes.map((probe) => probe.name)),
    cores: (user + system) / 1e6 / LENGTH,
  }
}

function tally(folder: string, names: readonly string[]): Omit<Result, 'cores'> {
  const slips: number[] = []
  let missed = 0
  let failed = 0
  for (const name of names) {
    for (const block of readSamples(join(folder, `${name}.csv`))) {
      for (let i = 0; i < block.length; i++) {
        if (block.outcome[i] === 5) missed += 1
        else slips.push(((block.start[i] ?? 0) - (block.planned[i] ?? 0)) / 1e6)
        if (block.outcome[i] === 4) failed += 1
      }
    }
  }
  slips.sort((a, b) => a - b)
  const at = (q: number): number => slips[Math.floor(slips.length * q)] ?? Number.NaN
  return { started: slips.length, missed, failed, slip: { p50: at(0.5), p99: at(0.99) } }
}

const print = (name: string, { started, missed, failed, slip, cores }: Result): void =>
  console.log(
    `${name}: ${Math.round(started / LENGTH)}/s started, ${missed} missed, ${failed} failed, slip p50 ${(slip.p50 * 1000).toFixed(2)} ms, p99 ${(slip.p99 * 1000).toFixed(2)} ms, ${cores.toFixed(2)} cores with the server`,
  )

const probes = ['a', 'b', 'c'].map((name) => ({
  name,
  kind: 'http',
  spec: { ...spec, keepAlive: false },
  expect: { status: '200' },
  every: seconds(0.1),
  timeout: seconds(1),
  role: 'client' as const,
}))
try {
  print('3 probes every 100 ms, a new connection each', await measure('probes', { probes, load: null }))
  for (const [each, keepAlive] of [
    [500, false],
    [1_000, true],
    [5_000, true],
    [10_000, true],
  ] as const) {
    const load = { kind: 'http', spec: { ...spec, timeout: 1, keepAlive }, rate: rate(each), ramp: seconds(0) }
    print(
      `load of ${each}/s, ${keepAlive ? 'connections kept' : 'a new connection each'}`,
      await measure(`load-${each}`, { probes: [], load }),
    )
  }
} finally {
  await server.terminate()
  await rm(out, { recursive: true })
}
