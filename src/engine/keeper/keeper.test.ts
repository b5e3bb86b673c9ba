import { once } from 'node:events'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { connect, createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Cluster, startCluster } from '../../../test/kit/postgres.ts'
import type { Keeper, KeeperEvents, KeeperPlan, LedgerTally } from '../../contracts/keeper.ts'
import { WRITE_OUTCOMES } from '../../domain/ledger.ts'
import { rate, seconds } from '../../domain/time.ts'
import { readReads, readWrites } from '../../evidence/ledger-files.ts'
import { startKeeper } from './start.ts'

const start = startKeeper(new URL('../../cli/processes/keeper-main.ts', import.meta.url))
const folders: string[] = []
let cluster: Cluster

beforeAll(async () => {
  cluster = await startCluster()
})
afterAll(async () => {
  await cluster.end()
  for (const folder of folders) rmSync(folder, { recursive: true, force: true })
})

const silent: KeeperEvents = { tally: () => undefined, note: () => undefined, lost: () => undefined }

/** A write address that can be moved from one server to another, as a virtual address does: connections through it break. */
async function openDoor(port: number): Promise<{ readonly port: number; moveTo(port: number): void; close(): Promise<void> }> {
  let target = port
  const open = new Set<Socket>()
  const server = createServer((near) => {
    const far = connect(target, '127.0.0.1')
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      open.add(one)
      one.on('error', () => undefined).on('close', () => other.destroy())
      one.pipe(other)
    }
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const breakAll = (): void => {
    for (const socket of open) socket.destroy()
    open.clear()
  }
  return {
    port: typeof address === 'object' && address ? address.port : 0,
    moveTo(next) {
      target = next
      breakAll()
    },
    async close() {
      breakAll()
      server.close()
      await once(server, 'close')
    },
  }
}

interface Heard {
  readonly tallies: LedgerTally[]
  readonly notes: string[]
  readonly lost: string[]
}

function planFor(
  name: string,
  options: { write?: string; nodes?: Record<string, string>; rate?: number; timeout?: number } = {},
): KeeperPlan {
  const out = mkdtempSync(join(tmpdir(), 'firedrill-keeper-'))
  folders.push(out)
  const nodes = options.nodes ?? { eu: cluster.primary.dsn, us: cluster.standby.dsn }
  return {
    run: `20261122-${name}`,
    out,
    folder: out,
    monotonic: process.hrtime.bigint(),
    lease: { file: join(out, 'lease.json'), epoch: 1 },
    env: {},
    ledgers: [
      {
        name,
        kind: 'postgres',
        spec: { write: options.write ?? cluster.primary.dsn, nodes },
        rate: rate(options.rate ?? 100),
        timeout: seconds(options.timeout ?? 0.5),
      },
    ],
  }
}

async function begin(plan: KeeperPlan): Promise<{ keeper: Keeper; heard: Heard }> {
  const heard: Heard = { tallies: [], notes: [], lost: [] }
  const events: KeeperEvents = {
    tally: (tally) => void heard.tallies.push(tally),
    note: (text) => void heard.notes.push(text),
    lost: (why) => void heard.lost.push(why),
  }
  return { keeper: await start(plan, events), heard }
}

/** Acknowledged and others, as the file has them. */
function attemptsOf(plan: KeeperPlan, name: string): { writer: number; seq: number; outcome: string; node: string; ended: number }[] {
  return [...readWrites(join(plan.out, `ledgers/${name}.writes.csv`))].flatMap((block) =>
    Array.from({ length: block.length }, (_, i) => ({
      writer: block.writer[i] ?? -1,
      seq: block.seq[i] ?? -1,
      outcome: WRITE_OUTCOMES[block.outcome[i] ?? 3] ?? 'missed',
      node: block.node[i] ?? '',
      ended: (block.ended[i] ?? 0) / 1e6,
    })),
  )
}

const keysOf = (rows: Iterable<{ writer: number; seq: number }>): Set<string> =>
  new Set([...rows].map(({ writer, seq }) => `${writer}/${seq}`))
function readOf(plan: KeeperPlan, file: string | null): Set<string> {
  return keysOf(
    [...readReads(join(plan.out, file ?? ''))].flatMap((block) =>
      Array.from({ length: block.length }, (_, i) => ({ writer: block.writer[i] ?? -1, seq: block.seq[i] ?? -1 })),
    ),
  )
}

describe('a keeper on a real primary and standby', () => {
  test('writes at its rate, reads both nodes, sees them agree, and leaves nothing', { timeout: 15_000 }, async () => {
    const plan = planFor('orders')
    const { keeper, heard } = await begin(plan)
    await pause(1_000)
    expect(await keeper.agree('orders')).toMatchObject({ agree: true })
    await keeper.quiesce('orders')
    const reads = await keeper.read('orders', 'during')
    expect(reads.map(({ node, authority }) => [node, authority])).toEqual([
      ['eu', true],
      ['us', false],
    ])
    const attempts = attemptsOf(plan, 'orders')
    expect(attempts.length).toBeGreaterThan(80)
    expect(attempts.length).toBeLessThan(140)
    const acknowledged = attempts.filter((one) => one.outcome === 'ok')
    expect(acknowledged.length).toBeGreaterThan(attempts.length * 0.9)
    expect(new Set(acknowledged.map((one) => one.node))).toEqual(new Set(['eu']))
    for (const read of reads) expect(readOf(plan, read.file)).toEqual(keysOf(acknowledged))
    keeper.resume('orders')
    await pause(300)
    expect(attemptsOf(plan, 'orders').length).toBeGreaterThan(attempts.length + 10)
    expect(heard.tallies.at(-1)?.acknowledged).toBeGreaterThan(50)
    expect(await keeper.scrub()).toEqual([{ ledger: 'orders', left: [] }])
    await keeper.stop()
    expect(heard.lost).toEqual([])
    expect(await cluster.primary.query(`select nspname from pg_namespace where nspname like 'firedrill%'`)).toEqual([])
    expect(readdirSync(join(plan.out, 'ledgers')).toSorted()).toEqual(['orders.during.eu.csv', 'orders.during.us.csv', 'orders.writes.csv'])
    expect(readFileSync(join(plan.out, 'ledgers/orders.writes.csv'), 'utf8')).not.toContain('postgres:')
  })

  test('a write that nobody answers is indeterminate, and the slots behind it are missed, not skipped', { timeout: 15_000 }, async () => {
    const plan = planFor('hang', { timeout: 0.3 })
    const { keeper } = await begin(plan)
    await pause(300)
    cluster.primary.signal('SIGSTOP')
    try {
      await pause(900)
      expect(await keeper.agree('hang')).toMatchObject({ agree: false, detail: 'eu did not answer' })
    } finally {
      cluster.primary.signal('SIGCONT')
    }
    await pause(400)
    await keeper.quiesce('hang')
    const attempts = attemptsOf(plan, 'hang')
    const of = (outcome: string) => attempts.filter((one) => one.outcome === outcome).length
    // One write a writer was on its way at the stop, and perhaps another at the go; those between never got a connection: nothing was sent.
    expect(of('info')).toBeGreaterThanOrEqual(10)
    expect(of('info')).toBeLessThanOrEqual(32)
    expect(of('fail')).toBeGreaterThan(5)
    expect(of('missed')).toBeGreaterThan(5)
    for (const writer of new Set(attempts.map((one) => one.writer))) {
      const seqs = attempts.filter((one) => one.writer === writer).map((one) => one.seq)
      expect(seqs.toSorted((a, b) => a - b)).toEqual(Array.from({ length: seqs.length }, (_, i) => i + 1))
    }
    expect(attempts.at(-1)?.outcome).toBe('ok')
    expect(await keeper.scrub()).toEqual([{ ledger: 'hang', left: [] }])
    await keeper.stop()
  })

  test('a standby as the write address: refused before anything starts', async () => {
    await expect(start(planFor('standby', { write: cluster.standby.dsn }), silent)).rejects.toMatchObject({
      code: 'LEDGER_PREPARE',
      exit: 4,
    })
  })

  test('nobody listens: refused, and the connection string is not in the message', async () => {
    const write = 'postgres://drill:hunter2@127.0.0.1:9/orders'
    const failed = await start(planFor('nobody', { write }), silent).catch((error: unknown) => error)
    expect(failed).toMatchObject({ code: 'LEDGER_PREPARE', exit: 4 })
    expect(String(failed)).toContain('ECONNREFUSED')
    expect(String(failed)).not.toContain('hunter2')
  })

  test('a text that is no connection string is refused without being printed', async () => {
    const failed = await start(planFor('wrong', { write: 'host=db password=hunter2' }), silent).catch((error: unknown) => error)
    expect(failed).toMatchObject({ code: 'LEDGER_DSN', exit: 4 })
    expect(String(failed)).not.toContain('hunter2')
  })

  test('two ledgers on one database do not see each other', { timeout: 15_000 }, async () => {
    const plan = planFor('one')
    const second = plan.ledgers.map((decl) => ({ ...decl, name: 'two' }))
    const { keeper } = await begin({ ...plan, ledgers: [...plan.ledgers, ...second] })
    await pause(400)
    for (const name of ['one', 'two']) await keeper.quiesce(name)
    for (const name of ['one', 'two']) {
      const [eu] = await keeper.read(name, 'during')
      expect(readOf(plan, eu?.file ?? null)).toEqual(keysOf(attemptsOf(plan, name).filter((one) => one.outcome === 'ok')))
    }
    expect(await keeper.scrub()).toEqual([
      { ledger: 'one', left: [] },
      { ledger: 'two', left: [] },
    ])
    await keeper.stop()
  })
})

describe('a keeper through a failover', () => {
  test('what the dead primary took with it is lost, two that take writes are seen, and a node that is gone is no agreement', {
    timeout: 25_000,
  }, async () => {
    let replication: Awaited<ReturnType<typeof openDoor>> | undefined
    const own = await startCluster(async (port) => {
      replication = await openDoor(port)
      return replication.port
    })
    const door = await openDoor(own.primary.port)
    try {
      const write = `postgres://postgres@127.0.0.1:${door.port}/postgres`
      const plan = planFor('orders', { write, nodes: { eu: own.primary.dsn, us: own.standby.dsn }, timeout: 0.4 })
      const { keeper } = await begin(plan)
      await pause(500)
      await replication?.close()
      await pause(500)
      await own.standby.query('select pg_promote()')
      expect(await keeper.agree('orders')).toMatchObject({ agree: false, detail: 'eu and us both take writes' })
      door.moveTo(own.standby.port)
      await pause(600)
      await keeper.quiesce('orders')
      const both = await keeper.read('orders', 'during')
      expect(both.map(({ node, authority }) => [node, authority])).toEqual([
        ['eu', true],
        ['us', true],
      ])
      const attempts = attemptsOf(plan, 'orders')
      const acknowledged = attempts.filter((one) => one.outcome === 'ok')
      expect(new Set(acknowledged.map((one) => one.node))).toEqual(new Set(['eu', 'us']))
      const [onEu, onUs] = [readOf(plan, both[0]?.file ?? null), readOf(plan, both[1]?.file ?? null)]
      const lost = acknowledged.filter((one) => !onUs.has(`${one.writer}/${one.seq}`))
      expect(lost.length).toBeGreaterThan(20)
      for (const one of lost) {
        expect(one.node).toBe('eu')
        expect(onEu.has(`${one.writer}/${one.seq}`)).toBe(true)
      }
      await own.primary.kill()
      const [eu, us] = await keeper.read('orders', 'after')
      expect(eu).toMatchObject({ node: 'eu', authority: false, file: null, rows: null })
      expect(eu?.detail).toContain('ECONNREFUSED')
      expect(us).toMatchObject({ node: 'us', authority: true, rows: onUs.size })
      expect(await keeper.agree('orders')).toMatchObject({ agree: false, detail: 'eu did not answer' })
      const [left] = await keeper.scrub()
      expect(left?.left).toEqual([expect.stringMatching(/^eu does not answer: schema firedrill_20261122_orders_orders may be on it$/)])
      await keeper.stop()
    } finally {
      await door.close()
      await own.end()
    }
  })
})
