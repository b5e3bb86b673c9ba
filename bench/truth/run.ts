import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as pause } from 'node:timers/promises'
import type { ObserverPlan } from '../../src/contracts/observer.ts'
import { type Interval, width } from '../../src/domain/interval.ts'
import { rows, type Sample, served } from '../../src/domain/sample.ts'
import { seconds } from '../../src/domain/time.ts'
import { startObserver } from '../../src/engine/observer/start.ts'
import { outagesOf, type Seen } from './edges.ts'
import { type Line, MODES, type Mode, type ServerPlan, type Truth } from './plan.ts'

export interface TruthOptions {
  readonly outagesPerMode: number
  readonly seed: number
}

/** Widths and latency in seconds. */
export interface ModeResult {
  readonly mode: Mode
  readonly outages: number
  /** Not counted: around them the server itself stood still, so that its own log is not the truth. */
  readonly setAside: number
  /** Outages whose true start and end both lie in the measured intervals. */
  readonly inside: number
  readonly unseen: number
  /** Outages that the server knows nothing of. */
  readonly extra: number
  readonly onset: { readonly p50: number; readonly p99: number; readonly limit: number }
  readonly recovery: { readonly p50: number; readonly p99: number; readonly limit: number }
  readonly latency: number
  readonly missed: number
}

export const EVERY = 0.02
const BOUND = 0.1
const TIMEOUT: Readonly<Record<Mode, number>> = { refused: BOUND, unanswered: BOUND, slow: 0.3 }
const SLOW = 0.15
const SLACK = 0.005
/** Microseconds around an outage in which a standstill of the server may have moved what its clients saw. */
const NEAR = 150_000

/** Truth against measurement: servers that take themselves down, and the prober that a drill uses, each in its own process or thread. */
export async function measureTruth(options: TruthOptions): Promise<readonly ModeResult[]> {
  const out = await mkdtemp(join(tmpdir(), 'truth-'))
  const plan: ServerPlan = {
    modes: MODES,
    outages: options.outagesPerMode,
    seed: options.seed,
    up: [0.18, 0.36],
    down: [0.16, 0.32],
    slow: SLOW,
  }
  const child = spawn(process.execPath, [join(import.meta.dirname, 'server-main.ts'), JSON.stringify(plan)], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  try {
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
    const ports = JSON.parse((await lines.next()).value ?? '') as Record<Mode, number>
    const samples = new Map<string, Sample[]>(MODES.map((mode) => [mode, []]))
    const monotonic = process.hrtime.bigint()
    const observer = await startObserver(new URL('../../src/cli/processes/observer-main.ts', import.meta.url))(
      observerPlan(out, monotonic, ports),
      {
        samples: (probe, block) => samples.get(probe)?.push(...rows(block)),
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
    await pause(300)
    child.stdin.write('go\n')
    const truths: Truth[] = []
    const stalls: Interval[] = []
    const micros = (ns: string): number => Number(BigInt(ns) - monotonic) / 1000
    for (let over = 0; over < MODES.length; ) {
      const { value, done } = await lines.next()
      if (done) throw new Error('the server ended early')
      const line = JSON.parse(value) as Line
      if ('done' in line) over += 1
      else if ('stall' in line) stalls.push({ lo: micros(line.stall[0]), hi: micros(line.stall[1]) })
      else truths.push(line)
    }
    await pause(500)
    await observer.stop()
    return MODES.map((mode) =>
      compare(
        mode,
        samples.get(mode) ?? [],
        truths.filter((truth) => truth.mode === mode),
        stalls,
        micros,
      ),
    )
  } finally {
    child.stdin.end()
    if (child.exitCode === null) await once(child, 'exit')
    await rm(out, { recursive: true })
  }
}

const observerPlan = (out: string, monotonic: bigint, ports: Readonly<Record<Mode, number>>): ObserverPlan => ({
  run: 'truth',
  out,
  folder: out,
  monotonic,
  lease: { file: '', epoch: 1 },
  env: {},
  probes: MODES.map((mode) => ({
    name: mode,
    kind: 'http',
    spec: { url: `http://127.0.0.1:${ports[mode]}/`, method: 'GET', headers: {}, freshDns: true, insecure: false, keepAlive: false },
    expect: { status: '200', latency: { max: BOUND } },
    every: seconds(EVERY),
    timeout: seconds(TIMEOUT[mode]),
    role: 'client',
  })),
  signals: [],
  guardrails: [],
  load: null,
  limit: seconds(3_600),
})

function compare(
  mode: Mode,
  samples: readonly Sample[],
  truths: readonly Truth[],
  stalls: readonly Interval[],
  micros: (ns: string) => number,
): ModeResult {
  const seen = outagesOf(samples)
  const matched = new Set<Seen>()
  const widths: { onset: number[]; recovery: number[] } = { onset: [], recovery: [] }
  let inside = 0
  let unseen = 0
  let setAside = 0
  for (const truth of truths) {
    const down = { lo: micros(truth.down[0]), hi: micros(truth.down[1]) }
    const up = { lo: micros(truth.up[0]), hi: micros(truth.up[1]) }
    const touched = stalls.some((stall) => stall.hi > down.lo - NEAR && stall.lo < up.hi + NEAR)
    const match = seen.find((one) => one.onset.lo < up.hi && one.recovery.hi > down.lo && !matched.has(one))
    if (match) matched.add(match)
    if (touched) setAside += 1
    else if (!match) unseen += 1
    else {
      widths.onset.push(width(match.onset) / 1e6)
      widths.recovery.push(width(match.recovery) / 1e6)
      if (meet(match.onset, down) && meet(match.recovery, up)) inside += 1
    }
  }
  const latency = quantile(
    samples.filter((one) => served(one.outcome)).map((one) => (one.end - one.start) / 1e6),
    0.5,
  )
  const late = { refused: 0, unanswered: TIMEOUT.unanswered, slow: SLOW }[mode]
  const limit = EVERY + latency + SLACK
  return {
    mode,
    outages: truths.length - setAside,
    setAside,
    inside,
    unseen,
    extra: seen.length - matched.size,
    onset: { p50: quantile(widths.onset, 0.5), p99: quantile(widths.onset, 0.99), limit: limit + late },
    recovery: { p50: quantile(widths.recovery, 0.5), p99: quantile(widths.recovery, 0.99), limit },
    latency,
    missed: samples.filter((one) => one.outcome === 'missed').length,
  }
}

/** The change happened somewhere in `truth`, which is microseconds wide: the measured edge must reach it. */
const meet = (edge: Interval, truth: Interval): boolean => edge.lo <= truth.hi && edge.hi >= truth.lo

const quantile = (of: readonly number[], q: number): number =>
  of.toSorted((a, b) => a - b)[Math.min(of.length - 1, Math.floor(of.length * q))] ?? Number.NaN
