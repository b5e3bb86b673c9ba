import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { rows, type Sample } from '../../src/domain/sample.ts'
import { rate, seconds } from '../../src/domain/time.ts'
import { k6 } from '../../src/load/k6.ts'
import { k6Binaries } from '../kit/k6.ts'
import { k6Rig, loadContext, loadSuite } from '../kit/load-suite.ts'
import { havePart } from '../kit/part.ts'

const binaries = k6Binaries.filter(({ path }) => havePart(path, 'set FIREDRILL_PARTS to the folder that has bin/k6-v1 and bin/k6-v2'))

let folder: string
let server: Server
let url: string
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'k6-'))
  server = createServer((_, response) => response.end('ok'))
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve)
  })
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
  const script = (name: string, options: string, body: string): void =>
    writeFileSync(
      join(folder, name),
      `import http from 'k6/http'\nexport const options = ${options}\nexport default function () { ${body} }\n`,
    )
  const open = (length: string) =>
    `scenarios: { s: { executor: 'constant-arrival-rate', rate: 30, timeUnit: '1s', duration: '${length}', preAllocatedVUs: 5 } }`
  const get = `http.get(__ENV.URL, { timeout: '1s' })`
  script('open.js', `{ ${open('1s')} }`, get)
  script('closed.js', `{ vus: 2, duration: '1s', dns: { ttl: '5m' }, noConnectionReuse: false }`, 'http.get(__ENV.URL)')
  script('thresholds.js', `{ ${open('1s')}, thresholds: { http_req_duration: ['max<0'] } }`, get)
  script('throws.js', `{ ${open('20s')} }`, `throw new Error('script of no use')`)
  writeFileSync(join(folder, 'broken.js'), 'export default function ( {')
})
afterAll(() => {
  server.closeAllConnections()
  server.close()
  rmSync(folder, { recursive: true })
})

loadSuite(binaries.map(k6Rig))

describe.each(binaries)('$name with a script', ({ path }) => {
  const context = () => loadContext({ ...process.env, FIREDRILL_K6: path }, folder)
  const specOf = (script: string) => ({ script, method: 'GET' as const, headers: {}, timeout: seconds(5), args: [], env: { URL: url } })
  const run = async (script: string) => {
    const samples: Sample[] = []
    const input = { spec: specOf(script), rate: rate(30), ramp: seconds(0), limit: seconds(30) }
    const session = await k6.start({ ...input, samples: (block) => samples.push(...rows(block)) }, context())
    return { samples, ...(await session.ended) }
  }

  test('an open-loop script runs to its end, every request a sample', async () => {
    const { samples, ok, detail } = await run('open.js')
    expect(ok).toBe(true)
    expect(samples.length).toBeGreaterThanOrEqual(29)
    expect(samples.every((one) => one.outcome === 'full' && one.code === '200')).toBe(true)
    expect(detail).toMatchObject({ exit: 0, meaning: 'done' })
  })

  test('its traps are named', async () => {
    const named = async (script: string) => (await k6.check(specOf(script), context())).warnings.map((text) => text.split(':')[0])
    expect(await named('closed.js')).toEqual(['k6-closed-loop', 'k6-timeout', 'k6-dns', 'k6-keep-alive', 'k6-header', 'k6-rate'])
    expect(await named('open.js')).toEqual(['k6-header', 'k6-rate'])
  })

  test('crossed thresholds are no crash', async () => {
    const { ok, detail, samples } = await run('thresholds.js')
    expect(ok).toBe(false)
    expect(samples.length).toBeGreaterThan(20)
    expect(detail).toMatchObject({ exit: 99, meaning: 'thresholds crossed' })
  })

  test('a script that cannot be read is refused before anything runs', async () => {
    await expect(k6.check(specOf('broken.js'), context())).rejects.toMatchObject({ code: 'K6_SCRIPT', exit: 4 })
    await expect(k6.check(specOf('absent.js'), context())).rejects.toMatchObject({ code: 'FILE_MISSING', exit: 4 })
  })

  test('a script that only throws makes no sample, and its limit ends it', async () => {
    const session = await k6.start(
      { spec: specOf('throws.js'), rate: rate(1), ramp: seconds(0), limit: seconds(2), samples: () => {} },
      context(),
    )
    const { detail } = await session.ended
    expect(detail).toMatchObject({ requests: 0 })
  })
})
