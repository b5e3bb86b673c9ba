import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
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

const start = startKeeper(new URL('../../cli/keeper-main.ts', import.meta.url))
const folders: string[] = []
let cluster: Cluster

beforeAll(async () => {
  cluster = await startCluster()
})
afterAll(async () => {
  await cluster.end()
  for (const folder of folders) rmSync(folder, { recursive: true, force: true })
})

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
})
