import { seconds } from '../../domain/time.ts'
import { ask } from '../kit/client.ts'
import { createMetrics } from '../kit/metrics.ts'
import { role } from '../kit/role.ts'
import { serve } from '../kit/server.ts'
import { truthLog } from '../kit/truth.ts'
import { ALIAS_PATH, CHAMPION } from '../model/registry-api.ts'
import { MODEL, VERSIONS } from '../model/versions.ts'
import { answerProtocol } from './protocol.ts'
import { createRepository } from './repository.ts'

export interface ModelConfig {
  readonly name: string
  readonly port: number
  readonly truth: string
  /** The registry is asked once, at the start, for the version to serve. */
  readonly registry: number
}

const GOOD_VERSION = '2'

/** The alias decides what a fresh server loads; a registry that does not answer must not keep a region from starting. */
async function championOf(registry: number): Promise<string> {
  try {
    const answer = await ask({ port: registry, path: `${ALIAS_PATH}?name=${MODEL}&alias=${CHAMPION}`, timeout: seconds(0.5) })
    const said = JSON.parse(answer.body.toString()) as { model_version?: { version?: string } }
    const version = said.model_version?.version ?? ''
    return VERSIONS.has(version) ? version : GOOD_VERSION
  } catch {
    return GOOD_VERSION
  }
}

/** A model server that speaks the Open Inference Protocol v2 with its repository extension. */
async function startModelServer(config: ModelConfig): Promise<void> {
  const truth = truthLog(config.truth, config.name)
  const metrics = createMetrics()
  const repository = createRepository(await championOf(config.registry), (event, version) => truth(event, { model: MODEL, version }))
  await serve(config.port, (asked) => {
    if (asked.path === '/metrics') return metrics.reply()
    const reply = answerProtocol(asked, repository)
    metrics.count('model_requests_total', { code: String(reply.status), version: repository.current() ?? 'none' })
    return reply
  })
  truth('started', { version: repository.current() })
}

role(startModelServer)
