import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import type { ObserverEvents, ObserverPlan } from '../../contracts/observer.ts'
import { OUTCOMES } from '../../domain/sample.ts'
import { seconds } from '../../domain/time.ts'
import { startObserver } from '../../engine/observer/start.ts'
import { threadEntry } from '../processes/entries.ts'

export interface ClockPrecision {
  /** Least step seen between two readings, seconds. */
  readonly step: number
  /** Wall minus monotonic over the look, seconds: a clock that is being moved shows. */
  readonly drift: number
}

export interface ProberPrecision {
  readonly rate: number
  readonly samples: number
  readonly bad: number
  /** Slots that could not start in time. */
  readonly missed: number
  /** Start minus schedule, seconds. */
  readonly slip: { readonly p50: number; readonly p99: number }
  /** Median of a request on loopback, seconds: what the prober itself adds. */
  readonly latency: number
}

const READINGS = 20_000
const PROBE_EVERY = 0.005
const PROBE_FOR = 2

/** Reads CLOCK_MONOTONIC as fast as it can. */
export function clockPrecision(): ClockPrecision {
  const wall = Date.now() / 1000 - Number(process.hrtime.bigint()) / 1e9
  let step = Number.POSITIVE_INFINITY
  let last = process.hrtime.bigint()
  for (let i = 0; i < READINGS; i++) {
    const now = process.hrtime.bigint()
    const by = Number(now - last)
    if (by > 0 && by < step) step = by
    last = now
  }
  return { step: step / 1e9, drift: Date.now() / 1000 - Number(process.hrtime.bigint()) / 1e9 - wall }
}

async function listen(): Promise<{ readonly server: Server; readonly port: number }> {
  const server = createServer((_request, response) => response.end('ok'))
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, '127.0.0.1', resolve)
  })
  const address = server.address()
  return { server, port: typeof address === 'object' && address !== null ? address.port : 0 }
}

function planOf(out: string, port: number): ObserverPlan {
  const probe = {
    name: 'loopback',
    kind: 'http',
    spec: { url: `http://127.0.0.1:${port}/`, method: 'GET', headers: {}, keepAlive: false, freshDns: true },
    expect: { status: '200' },
    every: seconds(PROBE_EVERY),
    timeout: seconds(1),
    role: 'client' as const,
  }
  return {
    run: 'doctor',
    out,
    folder: out,
    monotonic: process.hrtime.bigint(),
    lease: { file: '', epoch: 0 },
    env: {},
    probes: [probe],
    signals: [],
    guardrails: [],
    load: null,
    limit: seconds(60),
  }
}

const median = (of: readonly number[]): number => of.toSorted((a, b) => a - b)[Math.floor(of.length / 2)] ?? 0

/** Runs the real prober against a server of our own for two seconds. `temp`: where its samples may lie meanwhile. */
export async function proberPrecision(temp: string): Promise<ProberPrecision> {
  await using scope = new AsyncDisposableStack()
  const out = await mkdtemp(join(temp, 'firedrill-doctor-'))
  scope.defer(() => rm(out, { recursive: true, force: true }))
  const { server, port } = await listen()
  scope.defer(() => {
    server.closeAllConnections()
    server.close()
  })
  const latencies: number[] = []
  const counts = { bad: 0, missed: 0 }
  const events: ObserverEvents = {
    samples: (_probe, block) => {
      for (let i = 0; i < block.length; i++) {
        latencies.push(((block.end[i] ?? 0) - (block.start[i] ?? 0)) / 1e6)
        const outcome = OUTCOMES[block.outcome[i] ?? 0] ?? 'missed'
        if (outcome === 'missed') counts.missed += 1
        else if (outcome !== 'full') counts.bad += 1
      }
    },
    signal: () => undefined,
    breach: () => undefined,
    loadFull: () => undefined,
    loadEnded: () => undefined,
    note: () => undefined,
    lost: () => undefined,
  }
  const observer = await startObserver(threadEntry('observer'))(planOf(out, port), events)
  await pause(PROBE_FOR * 1000)
  const { slip } = await observer.stop()
  return {
    rate: 1 / PROBE_EVERY,
    samples: latencies.length,
    ...counts,
    slip: slip['loopback'] ?? { p50: 0, p99: 0 },
    latency: median(latencies),
  }
}
