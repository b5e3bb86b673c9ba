import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { eventsOf, type Place, place, recordOf, run } from '../kit/cli.ts'
import { type Service, service } from '../kit/service.ts'

interface Drilled {
  readonly fault: string
  readonly target: Service
  readonly probed: number
  readonly rto?: string
  readonly more?: string
}

/** A small drill: one fault on one process, one probe that looks every 20 ms. */
function experiment(
  at: Place,
  { fault, target, probed, rto = 'rto: {within: 500ms, hold: 300ms, to: {probe: answers, good: {min: 99%}}}', more = '' }: Drilled,
): string {
  const file = join(at.folder, 'drill.yaml')
  writeFileSync(
    file,
    `firedrill: 1
title: A small drill
system: small
targets: {process: {process: {pid: ${target.pid}}}}
probes:
  answers: {http: {url: "http://127.0.0.1:${probed}/"}, expect: {status: 200, latency: {max: 200ms}}, every: 20ms}
steadyState: {probes: [answers], hold: 300ms}
faults:
  - {name: harm, target: process, ${fault}}
objectives:
  ${rto}
limits: {targets: 1, duration: 1m}
${more}`,
  )
  return file
}

const drill = (at: Place, file: string) => run(['run', file, '--yes', '--out', at.out], at.env)

describe('how a drill ends', () => {
  test('held: a spare dies and no client notices', async () => {
    using at = place()
    await using spare = await service()
    await using primary = await service()
    const ended = await drill(at, experiment(at, { fault: 'fault: process/kill', target: spare, probed: primary.port }))
    expect(ended.code, ended.stderr).toBe(0)
    const record = recordOf(at.out)
    expect(record).toMatchObject({
      verdict: 'held',
      exit: 0,
      faults: [{ effect: { proven: true, level: 'data' }, undo: { state: 'not-needed' } }],
    })
    expect(record.measures.rta.incident).toMatchObject({ lo: 0, censored: 'left' })
    expect(record.measures.rta.incident.hi ?? 0).toBeGreaterThan(0)
    for (const file of ['report.html', 'report.md', 'junit.xml', 'journal.ndjson', 'experiment.yaml'])
      expect(existsSync(join(at.out, file)), file).toBe(true)
  })

  test('broken: the only server dies and nothing takes its place', async () => {
    using at = place()
    await using primary = await service()
    const ended = await drill(at, experiment(at, { fault: 'fault: process/kill', target: primary, probed: primary.port }))
    expect(ended.code, ended.stderr).toBe(1)
    const record = recordOf(at.out)
    expect(record.verdict).toBe('broken')
    expect(record.objectives[0]).toMatchObject({ name: 'rto', verdict: 'broken', measured: { hi: null, censored: 'right' } })
  })

  test('unknown: a fault that no client feels although it was announced to', async () => {
    using at = place()
    await using spare = await service()
    await using primary = await service()
    const fault = 'fault: process/pause, effect: {probe: answers, becomes: bad, within: 1s}'
    const ended = await drill(at, experiment(at, { fault, target: spare, probed: primary.port }))
    expect(ended.code, ended.stderr).toBe(2)
    const record = recordOf(at.out)
    expect(record.verdict).toBe('unknown')
    expect(record.reason).toMatch(/no effect/i)
    expect(record.objectives.every(({ verdict }) => verdict === 'unknown')).toBe(true)
    expect(spare.state()).not.toBe('T')
  })

  test('refused: the steady state does not hold, so nothing is injected', async () => {
    using at = place()
    await using spare = await service()
    const ended = await drill(at, experiment(at, { fault: 'fault: process/pause', target: spare, probed: 9 }))
    expect(ended.code, ended.stderr).toBe(4)
    expect(recordOf(at.out).verdict).toBe('refused')
    expect(eventsOf(at.out, 'fault.intent')).toEqual([])
    expect(spare.state()).not.toBe('T')
  })

  test('aborted: a guardrail trips while the fault holds, and it is undone', async () => {
    using at = place()
    await using primary = await service()
    const more = 'guardrails:\n  - {probe: answers, keep: {good: {min: 50%}}, over: 500ms, noData: 5s}\n'
    const rto = 'rto: {within: 20s, hold: 300ms, to: {probe: answers, good: {min: 99%}}}'
    const ended = await drill(
      at,
      experiment(at, { fault: 'fault: process/pause, for: 40s', target: primary, probed: primary.port, rto, more }),
    )
    expect(ended.code, ended.stderr).toBe(3)
    const record = recordOf(at.out)
    expect(record).toMatchObject({ verdict: 'aborted', faults: [{ undo: { state: 'undone', verified: true } }] })
    expect(record.objectives[0]?.measured).toMatchObject({ censored: 'right' })
    expect(primary.state()).not.toBe('T')
  })

  test('refused with a reason: no target matches', async () => {
    using at = place()
    await using primary = await service()
    const file = experiment(at, { fault: 'fault: process/kill', target: primary, probed: primary.port })
    await primary[Symbol.asyncDispose]()
    const ended = await drill(at, file)
    expect(ended.code, ended.stderr).toBe(4)
    expect(ended.stderr).toMatch(/matches nothing/)
  })

  test('usage: an error that the file alone shows, with its place', async () => {
    using at = place()
    await using primary = await service()
    const ended = await drill(at, experiment(at, { fault: 'fault: process/kill, backgroud: 1', target: primary, probed: primary.port }))
    expect(ended.code).toBe(64)
    expect(ended.stderr).toMatch(/drill\.yaml:\d+:\d+/)
    expect(eventsOf(at.out, 'drill.opened')).toEqual([])
  })
})
