import { describe } from '../../domain/error.ts'
import type { Json } from '../../domain/json.ts'
import { seconds } from '../../domain/time.ts'
import { post } from '../kit/client.ts'
import { createMetrics } from '../kit/metrics.ts'
import { role } from '../kit/role.ts'
import { type Asked, bodyOf, json, notFound, type Reply, serve } from '../kit/server.ts'
import { truthLog } from '../kit/truth.ts'
import { ALIAS_PATH, CHAMPION } from '../model/registry-api.ts'
import { MODEL, VERSIONS } from '../model/versions.ts'

export interface RegistryConfig {
  readonly port: number
  readonly truth: string
  /** Model servers to roll a moved champion out to. */
  readonly servers: Readonly<Record<string, number>>
}

const LOAD_TIMEOUT = seconds(1)

/** The model registry: versions, aliases, and the rollout that follows when the champion's alias moves. */
async function startRegistry(config: RegistryConfig): Promise<void> {
  const truth = truthLog(config.truth, 'registry')
  const metrics = createMetrics()
  const aliases = new Map<string, string>([
    [CHAMPION, '2'],
    ['previous', '1'],
  ])

  const rollOut = async (version: string): Promise<Readonly<Record<string, string>>> => {
    const load = async ([server, port]: readonly [string, number]): Promise<readonly [string, string]> => {
      const loaded = post(port, `/v2/repository/models/${MODEL}/load`, LOAD_TIMEOUT, { parameters: { version } })
      return [server, await loaded.then(() => 'loaded', describe)]
    }
    return Object.fromEntries(await Promise.all(Object.entries(config.servers).map(load)))
  }
  const move = async (asked: Asked): Promise<Reply> => {
    const { name, alias, version } = bodyOf(asked)
    if (name !== MODEL) return json(404, { error_code: 'RESOURCE_DOES_NOT_EXIST', message: `no model ${JSON.stringify(name)}` })
    if (typeof alias !== 'string' || typeof version !== 'string' || !VERSIONS.has(version)) {
      return json(404, { error_code: 'RESOURCE_DOES_NOT_EXIST', message: `no version ${JSON.stringify(version)}` })
    }
    const before = aliases.get(alias) ?? null
    aliases.set(alias, version)
    truth('moved', { alias, from: before, to: version })
    metrics.count('registry_alias_moves_total', { alias })
    return json(200, alias === CHAMPION ? { rollout: await rollOut(version) } : {})
  }
  const read = (asked: Asked): Reply => {
    const version = aliases.get(asked.query.get('alias') ?? '')
    if (asked.query.get('name') !== MODEL || version === undefined)
      return json(400, { error_code: 'INVALID_PARAMETER_VALUE', message: 'no such alias' })
    return json(200, { model_version: { name: MODEL, version } })
  }
  const model = (): Json => ({
    registered_model: {
      name: MODEL,
      aliases: [...aliases].map(([alias, version]) => ({ alias, version })),
      versions: [...VERSIONS.keys()],
    },
  })
  await serve(config.port, (asked) => {
    if (asked.path === '/metrics') return metrics.reply()
    if (asked.path === '/health') return json(200, {})
    if (asked.path === '/api/2.0/mlflow/registered-models/get') return json(200, model())
    if (asked.path !== ALIAS_PATH) return notFound(asked)
    return asked.method === 'POST' ? move(asked) : read(asked)
  })
  truth('started')
}

role(startRegistry)
