import { Agent } from 'node:http'
import { seconds } from '../../domain/time.ts'
import { ask } from '../kit/client.ts'
import { forward } from '../kit/forward.ts'
import { watchHealth } from '../kit/health.ts'
import { createMetrics } from '../kit/metrics.ts'
import { role } from '../kit/role.ts'
import { type Asked, json, type Reply, serve } from '../kit/server.ts'
import { truthLog } from '../kit/truth.ts'
import type { Region } from '../layout.ts'
import type { Cadence } from '../options.ts'

export interface GatewayConfig {
  readonly name: string
  readonly region: Region
  readonly port: number
  readonly truth: string
  readonly models: readonly number[]
}

/** Quicker than the edge's: one dead model server of two is taken out before the edge would take out the region. */
const MODEL_CHECKS: Cadence = { every: seconds(0.25), timeout: seconds(0.5), fall: 2, rise: 1 }
const UPSTREAM_TIMEOUT = seconds(1)

/** The region's front door: spreads requests over the model servers that are ready. */
async function startGateway(config: GatewayConfig): Promise<void> {
  const truth = truthLog(config.truth, config.name)
  const metrics = createMetrics()
  const agent = new Agent({ keepAlive: true })
  const watches = config.models.map((port, index) => {
    const server = `${config.region}-model-${index + 1}`
    const check = async (): Promise<void> => {
      const answer = await ask({ port, path: '/v2/models/fraud/ready', timeout: MODEL_CHECKS.timeout })
      if (answer.status !== 200) throw new Error(`ready answered ${answer.status}`)
    }
    const watch = watchHealth(MODEL_CHECKS, check, (now) => {
      truth(now.up ? 'healthy' : 'degraded', { server, why: now.why })
      metrics.set('gateway_model_up', now.up ? 1 : 0, { server })
    })
    return { port, server, watch }
  })
  const ready = (): typeof watches => watches.filter(({ watch }) => watch.state().up)

  let turn = 0
  const infer = async (asked: Asked): Promise<Reply> => {
    const able = ready()
    const chosen = able[turn++ % Math.max(1, able.length)]
    if (chosen === undefined) return json(503, { error: 'no model server is ready' })
    const reply = await forward(asked, { port: chosen.port, agent, timeout: UPSTREAM_TIMEOUT })
    metrics.count('gateway_requests_total', { server: chosen.server, code: String(reply.status) })
    return { ...reply, headers: { ...reply.headers, 'x-region': config.region, 'x-model-server': chosen.server } }
  }
  await serve(config.port, (asked) => {
    switch (asked.path) {
      case '/metrics':
        return metrics.reply()
      case '/v2/health/live':
        return json(200, { live: true })
      case '/v2/health/ready':
        return json(ready().length > 0 ? 200 : 503, { ready: ready().map(({ server }) => server) })
      default:
        return infer(asked)
    }
  })
  truth('started')
}

role(startGateway)
