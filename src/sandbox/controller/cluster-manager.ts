import { setTimeout as sleep } from 'node:timers/promises'
import { describe } from '../../domain/error.ts'
import { type Seconds, seconds } from '../../domain/time.ts'
import type { Account } from '../database/binaries.ts'
import { baseCopy, becomeStandby } from '../database/cluster.ts'
import { asClient, asSuperuser, checkPrimary, isStandby, withDatabase } from '../database/session.ts'
import { removeSharedMemory } from '../database/shared-memory.ts'
import { post } from '../kit/client.ts'
import type { Truth } from '../kit/truth.ts'
import { otherRegion, REGIONS, type Region } from '../layout.ts'
import type { WriteEndpoint } from './write-endpoint.ts'

export interface Cluster {
  readonly ports: Readonly<Record<Region, number>>
  readonly data: Readonly<Record<Region, string>>
  /** Where the standby of `us` reaches `eu`: the replication link. The way back has none. */
  readonly replicationLink: number
  readonly supervisor: number
  readonly passwordFile: string
  readonly account: Account | undefined
  readonly synchronous: boolean
}

export interface ClusterManager {
  primary(): Region | null
  /** Waits until one of the nodes takes writes, and sends clients there. */
  discover(): Promise<void>
  /** Unplanned: fence the primary, promote the other, move the clients. Rejects when the other cannot take over. */
  failOver(why: string): Promise<void>
  /** Planned: nothing is lost, because the primary is shut down only while its standby receives everything. */
  switchOver(to: Region): Promise<void>
  /** Makes the node a standby of the primary by a fresh copy of it. */
  rejoin(region: Region): Promise<void>
  standbys(): Promise<readonly string[]>
}

const LOOK = seconds(1)
const STOP = seconds(10)
const PROMOTE = seconds(10)
const REJOIN = seconds(20)

export function createClusterManager(cluster: Cluster, endpoint: WriteEndpoint, truth: Truth): ClusterManager {
  const superuser = asSuperuser(cluster.passwordFile)
  let primary: Region | null = null

  const supervisor = (verb: 'fence' | 'halt' | 'spawn', region: Region, within: Seconds): Promise<unknown> =>
    post(cluster.supervisor, `/${verb}/${region}-db`, within)
  const lead = (region: Region): void => {
    primary = region
    endpoint.point(cluster.ports[region])
    truth('moved', { to: region })
  }
  const promote = async (region: Region): Promise<void> => {
    await withDatabase(cluster.ports[region], superuser, PROMOTE, (client) => client.query('select pg_promote(true, 9)'))
    truth('promoted', { region })
  }
  const standbys = async (): Promise<readonly string[]> => (primary === null ? [] : checkPrimary(cluster.ports[primary], LOOK))

  const rejoin = async (region: Region): Promise<void> => {
    if (primary === null || primary === region) throw new Error(`${region} cannot follow ${primary ?? 'nobody'}`)
    await supervisor('fence', region, STOP)
    await makeFollower(cluster, region, primary)
    await supervisor('spawn', region, STOP)
    await until(REJOIN, `${region} does not stream`, async () => (await standbys()).includes(region))
    if (cluster.synchronous) await makeSynchronous(cluster.ports[primary], superuser)
    truth('rejoined', { region, follows: primary })
  }
  const failOver = async (why: string): Promise<void> => {
    if (primary === null) return
    const [from, to] = [primary, otherRegion(primary)]
    await withDatabase(cluster.ports[to], asClient, LOOK, isStandby)
    truth('failing-over', { from, to, why })
    endpoint.point(null)
    await supervisor('fence', from, STOP)
    truth('fenced', { region: from })
    await promote(to)
    lead(to)
  }
  const switchOver = async (to: Region): Promise<void> => {
    const from = primary
    if (from === null || from === to) return
    if (!(await standbys()).includes(to)) throw new Error(`${to} does not stream from ${from}: restart it first`)
    truth('switching-over', { from, to })
    endpoint.point(null)
    await supervisor('halt', from, STOP)
    await promote(to)
    lead(to)
    await rejoin(from)
  }
  const discover = async (): Promise<void> => {
    for (;;) {
      const found = await writableOf(cluster.ports)
      if (found !== undefined) return lead(found)
      await sleep(40)
    }
  }
  return { primary: () => primary, standbys, rejoin, discover, failOver, switchOver }
}

/** A fresh copy of the leader's files, told to follow it. */
async function makeFollower(cluster: Cluster, region: Region, leader: Region): Promise<void> {
  const { account, passwordFile, data, ports } = cluster
  removeSharedMemory(data[region])
  await baseCopy({ fromPort: ports[leader], from: data[leader], to: data[region], passwordFile, account })
  const port = leader === 'eu' ? cluster.replicationLink : ports[leader]
  becomeStandby(data[region], { region, port, passwordFile }, account)
}

async function writableOf(ports: Readonly<Record<Region, number>>): Promise<Region | undefined> {
  const writable = await Promise.all(
    REGIONS.map((region) =>
      withDatabase(ports[region], asClient, LOOK, isStandby).then(
        (standby) => !standby,
        () => false,
      ),
    ),
  )
  return REGIONS[writable.indexOf(true)]
}

async function makeSynchronous(port: number, superuser: ReturnType<typeof asSuperuser>): Promise<void> {
  await withDatabase(port, superuser, LOOK, async (client) => {
    await client.query("alter system set synchronous_standby_names = '*'")
    await client.query('select pg_reload_conf()')
  })
}

async function until(within: Seconds, otherwise: string, holds: () => Promise<boolean>): Promise<void> {
  const end = performance.now() + within * 1000
  let last = otherwise
  for (;;) {
    const held = await holds().catch((error: unknown) => {
      last = `${otherwise}: ${describe(error)}`
      return false
    })
    if (held) return
    if (performance.now() > end) throw new Error(last)
    await sleep(20)
  }
}
