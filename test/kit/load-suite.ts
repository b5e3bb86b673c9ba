import { createServer, type IncomingHttpHeaders, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { systemClock } from '../../src/contracts/clock.ts'
import type { Context } from '../../src/contracts/context.ts'
import type { Load } from '../../src/contracts/load.ts'
import type { Json, JsonObject } from '../../src/domain/json.ts'
import { rows, type Sample } from '../../src/domain/sample.ts'
import { rate, seconds } from '../../src/domain/time.ts'
import * as loads from '../../src/registry/loads.ts'
import type { K6Binary } from './k6.ts'

export interface LoadRig {
  readonly title: string
  readonly load: Load
  readonly env: Readonly<Record<string, string | undefined>>
  readonly spec: (url: string) => JsonObject
}

const common = { method: 'GET', headers: { 'x-token': { env: 'TOKEN' } }, timeout: 0.5 }
const env = { PATH: process.env['PATH'], HOME: process.env['HOME'], TOKEN: 'sesame' }

export const httpRig: LoadRig = {
  title: 'http',
  load: loads.http,
  env,
  spec: (url) => ({ url, ...common, freshDns: true, insecure: false, keepAlive: true }),
}
export const k6Rig = ({ name, path }: K6Binary): LoadRig => ({
  title: name,
  load: loads.k6,
  env: { ...env, FIREDRILL_K6: path },
  spec: (url) => ({ url, ...common, args: [], env: {} }),
})

export const loadContext = (variables: LoadRig['env'], folder = '.'): Context => ({
  clock: systemClock(process.hrtime.bigint()),
  signal: new AbortController().signal,
  run: 'contract-run',
  lease: { file: '', epoch: 1 },
  env: variables,
  folder,
  note: () => {},
})

/** What every kind of load is held to, against a real server. */
export function loadSuite(rigs: readonly LoadRig[]): void {
  let server: Server
  let url: string
  let delay: number
  let seen: IncomingHttpHeaders[]
  beforeEach(async () => {
    delay = 0
    seen = []
    server = createServer((request, response) => {
      seen.push(request.headers)
      setTimeout(() => response.end('ok'), delay)
    })
    await new Promise<void>((resolve) => {
      server.listen(0, '127.0.0.1', resolve)
    })
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
  })
  afterEach(() => {
    server.closeAllConnections()
    server.close()
  })

  describe.each(rigs)('$title', ({ load, env: variables, spec }) => {
    const context = loadContext(variables)
    const run = async (of: Json, each: number, ramp: number, length: number) => {
      const samples: Sample[] = []
      const before = context.clock.now()
      const input = { spec: of, rate: rate(each), ramp: seconds(ramp), limit: seconds(30) }
      const session = await load.start({ ...input, samples: (block) => samples.push(...rows(block)) }, context)
      const started = context.clock.now()
      await pause(length * 1000)
      const stopping = performance.now()
      await session.stop()
      expect(performance.now() - stopping).toBeLessThan(6_000)
      return { samples, end: await session.ended, before, started, after: context.clock.now() }
    }

    test('has a summary, and says which engine it is', async () => {
      expect(load.summary).not.toBe('')
      const { engine } = await load.check(spec(url), context)
      expect(engine).toMatch(load.name === 'k6' ? /^k6 v[12]\.\d+\.\d+/ : /^firedrill/)
    })

    test('asks at its rate, says who it is, and its samples lie within its time', async () => {
      const { samples, end, before, after, started } = await run(spec(url), 50, 0, 1.5)
      const expected = 50 * (after - started)
      expect(samples.length).toBeGreaterThan(50 * 1.4)
      expect(samples.length).toBeLessThan(expected + 50 * 1.5)
      expect(samples.filter((one) => one.outcome === 'full').length).toBeGreaterThan(samples.length * 0.6)
      for (const one of samples) {
        expect(one.start).toBeGreaterThan(before * 1e6 - 5_000)
        expect(one.end).toBeLessThan(after * 1e6 + 5_000)
        expect(one.end).toBeGreaterThanOrEqual(one.start)
      }
      expect(end.ok).toBe(true)
      expect(end.detail).toMatchObject({ engine: expect.stringMatching(/v?\d|firedrill/) as string, failed: 0 })
      expect(seen[0]).toMatchObject({ 'firedrill-run': 'contract-run', 'x-token': 'sesame' })
    })

    test('a slow system does not slow it down; what finds no room is missed, what gets no answer has failed', async () => {
      delay = 2_000
      const { samples } = await run(spec(url), 40, 0, 1.5)
      expect(samples.length).toBeGreaterThan(40)
      expect(samples.some((one) => one.outcome === 'full')).toBe(false)
      expect(samples.some((one) => one.outcome === 'failed' && one.code === 'timeout')).toBe(true)
    })

    test('a system that is down is failed, by the same name', async () => {
      server.closeAllConnections()
      server.close()
      const { samples } = await run(spec(url), 40, 0, 0.8)
      expect(samples.length).toBeGreaterThan(20)
      expect(samples.find((one) => one.outcome !== 'missed')).toMatchObject({ outcome: 'failed', code: 'ECONNREFUSED' })
    })

    test('the ramp begins slowly', async () => {
      const { samples, started } = await run(spec(url), 100, 2, 1)
      const inTime = samples.filter((one) => one.start < (started + 1) * 1e6)
      expect(inTime.length).toBeGreaterThan(10)
      expect(inTime.length).toBeLessThan(75)
    })
  })
}
