import { spawnSync } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import type { ObserverPlan } from '../../src/contracts/observer.ts'
import { rate, seconds } from '../../src/domain/time.ts'
import { startObserver } from '../../src/engine/observer/start.ts'
import { readSamples } from '../../src/evidence/samples.ts'
import { firedrill } from '../kit/program.ts'
import { inMs, print, quantile, type Row } from '../kit/table.ts'

/**
 * How late the prober starts what is due (p50, p99), with a few probes as a drill has them, idle and beside the sandbox, and with thousands of
 * requests a second, and how much of one core that takes. The server that is asked runs on a thread of its own and answers as little as it can.
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
  return { started: slips.length, missed, failed, slip: { p50: quantile(slips, 0.5), p99: quantile(slips, 0.99) } }
}

const row = (what: string, { started, missed, failed, slip, cores }: Result): Row => ({
  what,
  measured: `${Math.round(started / LENGTH)}/s, ${missed} missed, ${failed} failed, slip p50 ${inMs(slip.p50, 2)}, p99 ${inMs(slip.p99, 2)}, ${cores.toFixed(2)} cores with the server`,
})

function sandbox(what: 'up' | 'down'): void {
  const [program = '', ...argv] = firedrill('sandbox', what)
  const { status, stderr } = spawnSync(program, argv, { encoding: 'utf8', env: { ...process.env, FIREDRILL_HOME: join(out, 'home') } })
  if (status !== 0) throw new Error(`sandbox ${what} ended with ${status}: ${stderr}`)
}

async function besideSandbox<T>(work: () => Promise<T>): Promise<T> {
  sandbox('up')
  try {
    return await work()
  } finally {
    sandbox('down')
  }
}

const probes = ['a', 'b', 'c'].map((name) => ({
  name,
  kind: 'http',
  spec: { ...spec, keepAlive: false },
  expect: { status: '200' },
  every: seconds(0.1),
  timeout: seconds(1),
  role: 'client' as const,
}))
const rows: Row[] = []
try {
  const few = () => measure(`probes-${rows.length}`, { probes, load: null })
  rows.push(row('3 probes every 100 ms, a new connection each', await few()))
  rows.push(row('the same beside the sandbox', await besideSandbox(few)))
  for (const [each, keepAlive] of [
    [500, false],
    [1_000, true],
    [5_000, true],
    [10_000, true],
  ] as const) {
    const load = { kind: 'http', spec: { ...spec, timeout: 1, keepAlive }, rate: rate(each), ramp: seconds(0) }
    const name = `load of ${each}/s, ${keepAlive ? 'connections kept' : 'a new connection each'}`
    rows.push(row(name, await measure(`load-${each}`, { probes: [], load })))
  }
} finally {
  await server.terminate()
  await rm(out, { recursive: true })
}
print(`schedule slip of the prober, ${LENGTH} s each`, rows)
