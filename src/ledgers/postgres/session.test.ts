import { readFileSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'
import { Client } from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Cluster, startCluster } from '../../../test/kit/postgres.ts'
import { systemClock } from '../../contracts/clock.ts'
import type { LedgerSession } from '../../contracts/ledger.ts'
import { openPostgres } from './session.ts'

let cluster: Cluster
beforeAll(async () => {
  cluster = await startCluster()
})
afterAll(() => cluster.end())

const clock = systemClock(process.hrtime.bigint())
const soon = (): AbortSignal => AbortSignal.timeout(2_000)

function open(namespace: string, dsn: string, nodes: Readonly<Record<string, string>>): LedgerSession {
  return openPostgres({ dsn, nodes, namespace, clock, note: () => undefined })
}

async function until(sql: string): Promise<void> {
  for (let i = 0; i < 200; i++) {
    if ((await cluster.primary.query(sql)).length > 0) return
    await pause(10)
  }
  throw new Error(`never true: ${sql}`)
}

test('removing through several addresses of one server does not get in its own way', async () => {
  const { dsn } = cluster.primary
  const nodes = Object.fromEntries(['a', 'b', 'c', 'd', 'e', 'f'].map((name) => [name, dsn]))
  for (let i = 0; i < 8; i++) {
    const session = open('firedrill_many', dsn, nodes)
    await session.prepare()
    // Whoever just left is gone: what is ended from here on is another removal.
    await until(`select 1 where not exists (select from pg_stat_activity where application_name like 'firedrill%')`)
    await session.scrub()
    expect(await session.leftovers()).toEqual([])
  }
  // With luck one of the removals is left, without it none.
  expect(readFileSync(`${cluster.primary.data}.log`, 'utf8')).not.toContain('administrator command')
})

test('a connection that a failover ends during the removal is opened again', async () => {
  const { dsn } = cluster.primary
  const session = open('firedrill_ended', dsn, { one: dsn })
  await session.prepare()
  const holder = new Client({ connectionString: dsn })
  await holder.connect()
  await holder.query('begin; lock table firedrill_ended.writes in access share mode')
  const scrubbed = session.scrub()
  await until(`select 1 from pg_stat_activity where wait_event_type = 'Lock' and query like 'drop table%firedrill_ended%'`)
  await holder.query(
    `select pg_terminate_backend(pid) from pg_stat_activity where application_name like 'firedrill%' and pid <> pg_backend_pid()`,
  )
  await holder.query('commit')
  await holder.end()
  await scrubbed
  expect(await session.leftovers()).toEqual([])
  await session.close()
})

test('writers carry the name by which they are found and ended, whatever name the connection string gives', async () => {
  const dsn = `${cluster.primary.dsn}?application_name=shop`
  const session = open('firedrill_named', dsn, { one: cluster.primary.dsn })
  await session.prepare()
  expect(await session.write(0, 1, soon())).toMatchObject({ outcome: 'ok' })
  await until(`select 1 from pg_stat_activity where application_name = 'firedrill_named'`)
  await session.scrub()
  expect(await session.leftovers()).toEqual([])
  await session.close()
})

test('a server that hangs does not hold up who leaves it', async () => {
  const { dsn } = cluster.primary
  const session = open('firedrill_hanging', dsn, { one: dsn })
  await session.prepare()
  await session.write(0, 1, soon())
  cluster.primary.signal('SIGSTOP')
  try {
    const began = performance.now()
    await session.close()
    expect(performance.now() - began).toBeLessThan(3_000)
  } finally {
    cluster.primary.signal('SIGCONT')
  }
  await session.scrub()
})
