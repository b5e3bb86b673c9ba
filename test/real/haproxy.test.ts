import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { type Place, place, recordOf, run } from '../kit/cli.ts'
import { freePort, havePart, listening, part } from '../kit/part.ts'

const here = havePart('haproxy', 'apt-get install haproxy') && havePart('python3', 'apt-get install python3')

/** HAProxy with active checks every 200 ms, two failures to go down, no retries; the second server is the spare. */
function haproxyConfig(at: Place, front: number, a: number, b: number): string {
  const file = join(at.folder, 'haproxy.cfg')
  writeFileSync(
    file,
    `defaults
  mode http
  timeout connect 500ms
  timeout client 10s
  timeout server 1s
  timeout check 300ms
  retries 0
frontend fe
  bind 127.0.0.1:${front}
  default_backend be
backend be
  option httpchk GET /health
  http-response add-header x-served-by %s
  default-server check inter 200ms fall 2 rise 2
  server a 127.0.0.1:${a}
  server b 127.0.0.1:${b} backup
`,
  )
  return file
}

function experiment(at: Place, front: number, target: number, fault: string): string {
  const file = join(at.folder, 'haproxy.yaml')
  writeFileSync(
    file,
    `firedrill: 1
title: HAProxy loses its first server
system: haproxy-pair
targets: {first: {process: {port: ${target}}}}
probes:
  front: {http: {url: "http://127.0.0.1:${front}/health"}, expect: {status: 200, latency: {max: 400ms}}, every: 25ms}
steadyState: {probes: [front], hold: 1s}
faults:
  - {name: lost, fault: ${fault}, target: first}
objectives:
  rto: {within: 5s, to: {probe: front, good: {min: 99%}}, hold: 2s}
limits: {targets: 1, duration: 1m}
`,
  )
  return file
}

async function drill(fault: string) {
  using at = place()
  const [front, a, b] = [await freePort(), await freePort(), await freePort()]
  const pages = join(at.folder, 'pages')
  mkdirSync(pages)
  writeFileSync(join(pages, 'health'), 'ok\n')
  const serve = (port: number) => part('python3', ['-m', 'http.server', String(port), '--bind', '127.0.0.1', '--directory', pages])
  await using _a = serve(a)
  await using _b = serve(b)
  await Promise.all([listening(a), listening(b)])
  await using _proxy = part('haproxy', ['-db', '-f', haproxyConfig(at, front, a, b)])
  await listening(front)
  const ended = await run(['run', experiment(at, front, a, fault), '--yes', '--out', at.out], at.env)
  return { ended, record: recordOf(at.out) }
}

describe.skipIf(!here)('HAProxy and two servers that are not ours', () => {
  test('a killed server: the spare answers within the time its checks need', async () => {
    const { ended, record } = await drill('process/kill')
    expect(record.verdict, ended.stderr).toBe('held')
    expect(ended.code).toBe(0)
    const { lo, hi } = record.measures.rta.incident
    // inter 200 ms, fall 2: between one and a few check intervals.
    expect(lo).toBeGreaterThan(0.05)
    expect(hi).toBeLessThan(1.5)
    expect((hi ?? 0) - (lo ?? 0)).toBeLessThan(0.3)
    expect(record.faults[0]?.effect).toMatchObject({ proven: true, level: 'data' })
  })

  test('a hung server is noticed later than a killed one, and is put back', async () => {
    const killed = await drill('process/kill')
    const hung = await drill('process/pause')
    expect(hung.record.verdict, hung.ended.stderr).toBe('held')
    expect(hung.record.measures.rta.incident.lo ?? 0).toBeGreaterThan(killed.record.measures.rta.incident.hi ?? Number.POSITIVE_INFINITY)
    expect(hung.record.faults[0]?.undo).toMatchObject({ state: 'undone', verified: true })
  })
})
