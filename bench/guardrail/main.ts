import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { journalOf, type Place, place, run } from '../../test/kit/cli.ts'
import { service } from '../../test/kit/service.ts'
import { inMs, print, quantile } from '../kit/table.ts'

/**
 * How long after a guardrail is breached the last undo call goes out: whole drills with the built program, each on a service of its own.
 * `node bench/guardrail/main.ts [drills]`, about 2 s each.
 */
const EVERY = 0.02
const ALLOWED = 0.05

function experiment(at: Place, pid: number, port: number): string {
  const file = join(at.folder, 'breach.yaml')
  writeFileSync(
    file,
    `firedrill: 1
title: A guardrail is breached
system: breached
targets: {service: {process: {pid: ${pid}}}}
probes:
  answers: {http: {url: "http://127.0.0.1:${port}/"}, expect: {status: 200, latency: {max: 100ms}}, every: ${EVERY * 1000}ms}
steadyState: {probes: [answers], hold: 300ms}
faults: [{name: hang, fault: process/pause, target: service, for: 30s}]
objectives: {rto: {within: 20s, hold: 300ms, to: {probe: answers, good: {min: 99%}}}}
guardrails: [{probe: answers, keep: {good: {min: 50%}}, over: 300ms, noData: 5s}]
limits: {targets: 1, duration: 1m}
`,
  )
  return file
}

/** Seconds from the breach (its earliest possible moment) to the last undo call of one drill. */
async function once(): Promise<number> {
  using at = place()
  await using target = await service()
  const ended = await run(['run', experiment(at, target.pid, target.port), '--yes', '--out', at.out], at.env)
  if (ended.code !== 3) throw new Error(`the drill ended with ${ended.code}: ${ended.stderr}`)
  const entries = journalOf(at.out)
  const breach = entries.find(({ event }) => event.kind === 'guardrail')?.event
  const last = entries.findLast(({ event }) => event.kind === 'undo.began')
  if (breach?.kind !== 'guardrail' || !last) throw new Error('no breach or no undo in the journal')
  return last.at - breach.breachedAt.lo
}

const drills = Number(process.argv[2] ?? 30)
const times: number[] = []
for (let i = 0; i < drills; i++) times.push(await once())
const limit = EVERY + ALLOWED
print(`guardrail breach → last undo call, ${drills} whole drills, probe every ${inMs(EVERY)}`, [
  { what: 'p50', measured: inMs(quantile(times, 0.5)) },
  { what: 'p90', measured: inMs(quantile(times, 0.9)) },
  {
    what: 'p99',
    measured: inMs(quantile(times, 0.99)),
    limit: `≤ interval + 50 ms = ${inMs(limit)}`,
    held: quantile(times, 0.99) <= limit,
  },
])
