import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, globSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import pg from 'pg'
import { afterAll, describe, expect, test } from 'vitest'
import { isAlive } from '../contracts/process.ts'
import type { SystemUp } from '../contracts/system.ts'
import type { JsonObject } from '../domain/json.ts'
import { EXPORT_NAMES } from './exports.ts'
import { readHandle } from './handle.ts'
import { workingIn } from './kit/processes.ts'
import { twoRegion } from './two-region.ts'

const PATIENCE = 40_000
const body = readFileSync(new URL('../../experiments/sandbox/golden/one.json', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'firedrill-test-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

async function eventually<T>(what: string, look: () => Promise<T | undefined> | T | undefined, within = PATIENCE): Promise<T> {
  const until = performance.now() + within
  for (;;) {
    const seen = await Promise.resolve(look()).catch(() => undefined)
    if (seen !== undefined && seen !== false) return seen
    if (performance.now() > until) throw new Error(`not within ${within} ms: ${what}`)
    await sleep(50)
  }
}

interface Exports {
  readonly [name: string]: string
}
const at = (exports: Exports, name: string): string => exports[`SANDBOX_${name}`] ?? ''
const post = async (url: string): Promise<JsonObject> => {
  const answer = await fetch(url, { method: 'POST', signal: AbortSignal.timeout(PATIENCE) })
  expect(answer.status, url).toBe(200)
  return (await answer.json()) as JsonObject
}
async function infer(exports: Exports): Promise<{ readonly region: string | null; readonly label: string; readonly version: string }> {
  const answer = await fetch(`${at(exports, 'URL')}/v2/models/fraud/infer`, { method: 'POST', body, signal: AbortSignal.timeout(3000) })
  const said = (await answer.json()) as { model_version: string; outputs: [unknown, { data: [string] }] }
  return { region: answer.headers.get('x-region'), label: said.outputs[1].data[0], version: said.model_version }
}
async function query(dsn: string, sql: string, timeout = 3000): Promise<readonly JsonObject[]> {
  const client = new pg.Client({ connectionString: dsn, connectionTimeoutMillis: timeout, query_timeout: timeout })
  client.on('error', () => undefined)
  try {
    await client.connect()
    return (await client.query<JsonObject>(sql)).rows
  } finally {
    client.end().catch(() => undefined)
  }
}
interface Truth {
  readonly mono: string
  readonly event: string
  readonly name?: string
  readonly signal?: string
}
const truthOf = (exports: Exports, who: string): readonly Truth[] =>
  readFileSync(join(at(exports, 'TRUTH'), `${who}.ndjson`), 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Truth)
const pidsOf = (exports: Exports, region: 'EU' | 'US'): readonly number[] =>
  globSync(at(exports, `${region}_PIDS`)).map((file) => Number.parseInt(readFileSync(file, 'utf8'), 10))

function expectNothingLeft(exports: Exports, handle: JsonObject): void {
  const { supervisor, guardian } = readHandle(handle)
  expect([isAlive(supervisor), isAlive(guardian)]).toEqual([false, false])
  expect(workingIn(at(exports, 'DIR'))).toEqual([])
  expect(existsSync(at(exports, 'DIR'))).toBe(false)
}
const sharedMemory = (): string =>
  (existsSync('/dev/shm') ? readdirSync('/dev/shm').filter((name) => name.startsWith('PostgreSQL')) : []).join()

describe('two regions', () => {
  let up: SystemUp
  const before = sharedMemory()
  const alerts: JsonObject[] = []
  const receiver = createServer((request, response) => {
    let text = ''
    request.on('data', (part: Buffer) => (text += part.toString()))
    request.once('end', () => {
      alerts.push(JSON.parse(text) as JsonObject)
      response.end()
    })
  })
  const alertOf = (status: string) =>
    alerts.find((alert) => alert['status'] === status && JSON.stringify(alert).includes('"alertname":"RegionDown","region":"eu"'))
  afterAll(async () => {
    receiver.close()
    receiver.closeAllConnections()
    await up.down()
  }, 30_000)

  test('come up whole, and answer from home with the right answer', { timeout: 90_000 }, async () => {
    const began = performance.now()
    up = await twoRegion.up({}, { folder, run: 'one', signal: AbortSignal.timeout(80_000) })
    process.stderr.write(`sandbox up in ${((performance.now() - began) / 1000).toFixed(2)} s\n`)
    expect(Object.keys(up.exports).toSorted()).toEqual([...EXPORT_NAMES].toSorted())
    expect(await infer(up.exports)).toEqual({ region: 'eu', label: 'fraud', version: '2' })
    expect([pidsOf(up.exports, 'EU').length, pidsOf(up.exports, 'US').length]).toEqual([4, 4])
    receiver.listen(Number(at(up.exports, 'ALERT_PORT')), '127.0.0.1')
    await query(at(up.exports, 'WRITE_DSN'), 'create table seen (a integer)')
    await eventually('the standby has the table', () => query(at(up.exports, 'US_DSN'), 'select 1 from seen limit 0').then(() => true))
    expect(await query(at(up.exports, 'US_DSN'), 'select pg_is_in_recovery() as standby')).toEqual([{ standby: true }])
    await expect(query(at(up.exports, 'EU_DSN'), 'select pg_read_file($$/etc/passwd$$)')).rejects.toThrow('permission denied')
  })

  test('roll a version out by the registry’s alias, and back', { timeout: 60_000 }, async () => {
    const move = (version: string) =>
      fetch(`${at(up.exports, 'REGISTRY_URL')}/api/2.0/mlflow/registered-models/alias`, {
        method: 'POST',
        body: JSON.stringify({ name: 'fraud', alias: 'champion', version }),
      })
    expect((await move('3')).status).toBe(200)
    const wrong = await infer(up.exports)
    expect([wrong.version, wrong.label === 'fraud']).toEqual(['3', false])
    expect((await move('2')).status).toBe(200)
    expect(await infer(up.exports)).toMatchObject({ version: '2', label: 'fraud' })
    expect((await move('9')).status).toBe(404)
  })

  test('lose one: the edge moves, the controller fences and promotes, writes go on, the alert fires', { timeout: 120_000 }, async () => {
    await query(at(up.exports, 'WRITE_DSN'), 'insert into seen values (1)')
    const killed = process.hrtime.bigint()
    for (const pid of pidsOf(up.exports, 'EU')) process.kill(pid, 'SIGKILL')
    await eventually('served by us', async () => ((await infer(up.exports)).region === 'us' ? true : undefined))
    const rows = await eventually('written to us', () =>
      query(at(up.exports, 'WRITE_DSN'), 'insert into seen values (2) returning (select count(*)::int from seen) as before'),
    )
    expect(rows).toEqual([{ before: 1 }])
    await eventually('the alert', () => alertOf('firing'))

    const said = truthOf(up.exports, 'controller').filter(({ mono }) => BigInt(mono) > killed)
    expect(said.map(({ event }) => event).slice(0, 5)).toEqual(['detected', 'failing-over', 'fenced', 'promoted', 'moved'])
    expect(truthOf(up.exports, 'edge').at(-1)).toMatchObject({ event: 'moved', from: 'eu', to: 'us' })
    const died = truthOf(up.exports, 'supervisor').filter(({ event }) => event === 'died')
    expect(died.map(({ name = '' }) => name).toSorted()).toEqual(['eu-db', 'eu-gateway', 'eu-model-1', 'eu-model-2'])
    expect(new Set(died.map(({ signal }) => signal))).toEqual(new Set(['SIGKILL']))
  })

  test('the dead region comes back as the spare, and home again with all that was written', { timeout: 120_000 }, async () => {
    expect(pidsOf(up.exports, 'EU')).toEqual([])
    const back = await post(`${at(up.exports, 'SUPERVISOR_URL')}/restart/eu`)
    expect(back).toEqual({ 'eu-db': 'started', 'eu-gateway': 'started', 'eu-model-1': 'started', 'eu-model-2': 'started' })
    expect(await query(at(up.exports, 'EU_DSN'), 'select pg_is_in_recovery() as standby, (select count(*)::int from seen) as n')).toEqual([
      { standby: true, n: 2 },
    ])
    await post(`${at(up.exports, 'SUPERVISOR_URL')}/failback`)
    expect(await query(at(up.exports, 'WRITE_DSN'), 'select (select count(*)::int from seen) as n, inet_server_port() as port')).toEqual([
      { n: 2, port: Number(new URL(at(up.exports, 'EU_DSN')).port) },
    ])
    expect(await query(at(up.exports, 'US_DSN'), 'select pg_is_in_recovery() as standby')).toEqual([{ standby: true }])
    await eventually('served from home', async () => ((await infer(up.exports)).region === 'eu' ? true : undefined))
    await eventually('the alert is over', () => alertOf('resolved'))
    expect(truthOf(up.exports, 'controller').filter(({ event }) => event === 'rejoined').length).toBe(2)
  })

  test('down leaves nothing, also the second time, and the truth stays with the owner', { timeout: 60_000 }, async () => {
    await up.down()
    expectNothingLeft(up.exports, up.handle)
    await twoRegion.down(up.handle)
    expect(sharedMemory()).toBe(before)
    expect(truthOf(up.exports, 'supervisor').at(-1)).toBeDefined()
  })
})

describe('an owner that dies', () => {
  let owner: ChildProcess | undefined
  let exports: Exports = {}
  let handle: JsonObject = {}
  afterAll(async () => {
    owner?.kill('SIGKILL')
    if (handle['layout'] !== undefined) await twoRegion.down(handle)
  }, 30_000)

  test('synchronous: while the standby is away a write blocks and is not acknowledged', { timeout: 120_000 }, async () => {
    const script = fileURLToPath(new URL('../../test/fixtures/sandbox/owner.ts', import.meta.url))
    owner = spawn(process.execPath, [script, mkdtempSync(join(folder, 'owned-')), '{"synchronous":true}'], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const [line] = (await once(owner.stdout ?? owner, 'data')) as [Buffer]
    const said = JSON.parse(line.toString()) as { exports: Exports; handle: JsonObject }
    exports = said.exports
    handle = said.handle
    const dsn = at(exports, 'WRITE_DSN')
    await query(dsn, 'create table seen (a integer)')
    process.kill(Number.parseInt(readFileSync(at(exports, 'US_DB_PID'), 'utf8'), 10), 'SIGKILL')
    await expect(query(dsn, 'insert into seen values (1)', 1500)).rejects.toThrow(/timeout/)
    expect(await query(dsn, 'select pg_is_in_recovery() as standby')).toEqual([{ standby: false }])
  })

  test('takes its sandbox with it', { timeout: 60_000 }, async () => {
    process.kill(pidsOf(exports, 'US')[0] ?? 0, 'SIGSTOP')
    owner?.kill('SIGKILL')
    const { guardian } = readHandle(handle)
    await eventually('the guardian is gone', () => (isAlive(guardian) ? undefined : true))
    expectNothingLeft(exports, handle)
  })
})
