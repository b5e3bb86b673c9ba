import { setTimeout as sleep } from 'node:timers/promises'
import { describe } from '../../domain/error.ts'
import type { Seconds } from '../../domain/time.ts'
import { checkPrimary } from '../database/session.ts'
import { type Health, watchHealth } from '../kit/health.ts'
import { createMetrics } from '../kit/metrics.ts'
import { role } from '../kit/role.ts'
import { type Asked, bodyOf, json, notFound, type Reply, serve } from '../kit/server.ts'
import { truthLog } from '../kit/truth.ts'
import { isRegion, REGIONS, type Region } from '../layout.ts'
import type { Cadence } from '../options.ts'
import { type Cluster, createClusterManager } from './cluster-manager.ts'
import { openWriteEndpoint } from './write-endpoint.ts'

export interface ControllerConfig {
  readonly port: number
  readonly write: number
  readonly truth: string
  readonly cadence: Cadence
  readonly cluster: Cluster
}

/** Watches the primary; when it is down for good, fences it, promotes the standby and moves the write endpoint. */
async function startController(config: ControllerConfig): Promise<void> {
  const truth = truthLog(config.truth, 'controller')
  const metrics = createMetrics()
  const endpoint = await openWriteEndpoint(config.write)
  const manager = createClusterManager(config.cluster, endpoint, truth)
  const one = oneAtATime()
  await manager.discover()

  const check = async (): Promise<void> => {
    const primary = manager.primary()
    if (primary === null) return
    const standbys = await checkPrimary(config.cluster.ports[primary], config.cadence.timeout)
    metrics.set('controller_standbys_streaming', standbys.length)
  }
  const recover = async (): Promise<void> => {
    const now = watch.state()
    if (now.up || !now.known) return
    await manager.failOver(now.why)
    metrics.count('controller_failovers_total')
    watch.reset()
  }
  const changed = (now: Health): void => {
    metrics.set('controller_primary_up', now.up ? 1 : 0)
    truth(now.up ? 'healthy' : 'detected', { region: manager.primary(), why: now.why })
    if (!now.up) void insist(() => one(recover), config.cadence.every)
  }
  const watch = watchHealth(config.cadence, check, changed)

  const planned = async (asked: Asked, work: (region: Region) => Promise<void>): Promise<Reply> => {
    const { region } = bodyOf(asked)
    if (typeof region !== 'string' || !isRegion(region)) return json(400, { error: 'region: eu or us' })
    await one(async () => {
      await work(region)
      watch.reset()
    })
    return json(200, { primary: manager.primary() })
  }
  await serve(config.port, async (asked) => {
    switch (`${asked.method} ${asked.path}`) {
      case 'GET /metrics':
        for (const region of REGIONS) metrics.set('controller_primary', manager.primary() === region ? 1 : 0, { region })
        return metrics.reply()
      case 'GET /state':
        return json(200, {
          primary: manager.primary(),
          streaming: [...(await manager.standbys().catch(() => []))],
          watch: { ...watch.state() },
        })
      case 'POST /rejoin':
        return planned(asked, (region) => manager.rejoin(region))
      case 'POST /switchover':
        return planned(asked, (region) => manager.switchOver(region))
      default:
        return notFound(asked)
    }
  })
  truth('started')
}

/** A failover that cannot be done now (no standby answers) is tried again. */
async function insist(work: () => Promise<void>, every: Seconds): Promise<void> {
  for (;;) {
    const failed = await work().then(() => undefined, describe)
    if (failed === undefined) return
    process.stderr.write(`failover: ${failed}\n`)
    await sleep(every * 1000)
  }
}

/** Failover, switchover and rejoin never overlap. */
function oneAtATime(): <T>(work: () => Promise<T>) => Promise<T> {
  let last: Promise<unknown> = Promise.resolve()
  return (work) => {
    const next = last.then(work)
    last = next.catch(describe)
    return next
  }
}

role(startController)
