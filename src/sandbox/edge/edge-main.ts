import { Agent } from 'node:http'
import { ask } from '../kit/client.ts'
import { forward } from '../kit/forward.ts'
import { type HealthWatch, watchHealth } from '../kit/health.ts'
import { createMetrics } from '../kit/metrics.ts'
import { role } from '../kit/role.ts'
import { type Asked, json, type Reply, serve } from '../kit/server.ts'
import { truthLog } from '../kit/truth.ts'
import { otherRegion, REGIONS, type Region } from '../layout.ts'
import type { SandboxOptions } from '../options.ts'

export interface EdgeConfig {
  readonly port: number
  readonly truth: string
  /** The near end of each region's link. */
  readonly regions: Readonly<Record<Region, number>>
  readonly health: SandboxOptions['health']
  readonly edge: SandboxOptions['edge']
}

/** The load balancer clients talk to: the preferred region while it is up, else the other one, home again after `rise` good checks. */
async function startEdge(config: EdgeConfig): Promise<void> {
  const truth = truthLog(config.truth, 'edge')
  const metrics = createMetrics()
  let serving: Region | null = null
  const settle = (): void => {
    const next = [config.edge.prefer, otherRegion(config.edge.prefer)].find((region) => watches[region].state().up) ?? null
    if (next === serving) return
    truth('moved', { from: serving, to: next })
    serving = next
    for (const region of REGIONS) metrics.set('edge_region_serving', region === next ? 1 : 0, { region })
  }
  const watch = (region: Region): HealthWatch =>
    watchHealth(
      config.health,
      () => checkReady(config.regions[region], config.health.timeout),
      (now) => {
        truth(now.up ? 'healthy' : 'detected', { region, why: now.why })
        metrics.set('edge_region_up', now.up ? 1 : 0, { region })
        settle()
      },
    )
  const watches: Readonly<Record<Region, HealthWatch>> = { eu: watch('eu'), us: watch('us') }
  const agents: Readonly<Record<Region, Agent>> = {
    eu: new Agent({ keepAlive: config.edge.keepAlive }),
    us: new Agent({ keepAlive: config.edge.keepAlive }),
  }

  const balance = async (asked: Asked): Promise<Reply> => {
    const region = serving
    if (region === null) return json(503, { error: 'no region is up' })
    const reply = await forward(asked, { port: config.regions[region], agent: agents[region], timeout: config.edge.timeout })
    metrics.count('edge_requests_total', { region, code: String(reply.status) })
    return { ...reply, headers: { ...reply.headers, 'x-region': region } }
  }
  await serve(config.port, (asked) => {
    switch (asked.path) {
      case '/metrics':
        return metrics.reply()
      case '/edge/state':
        return json(200, { serving, regions: { eu: { ...watches.eu.state() }, us: { ...watches.us.state() } } })
      default:
        return balance(asked)
    }
  })
  truth('started')
}

async function checkReady(port: number, timeout: SandboxOptions['health']['timeout']): Promise<void> {
  const answer = await ask({ port, path: '/v2/health/ready', timeout })
  if (answer.status !== 200) throw new Error(`ready answered ${answer.status}`)
}

role(startEdge)
