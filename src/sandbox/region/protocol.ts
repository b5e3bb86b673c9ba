import type { Json, JsonObject } from '../../domain/json.ts'
import { type Asked, bodyOf, json, notFound, type Reply } from '../kit/server.ts'
import { CLASSES, FEATURES } from '../model/data.ts'
import { classify } from '../model/softmax.ts'
import { MODEL, VERSIONS } from '../model/versions.ts'
import type { Repository } from './repository.ts'

/** The server has what was asked for and answers; else the protocol's error object with its status. */
export function answerProtocol(asked: Asked, repository: Repository): Reply {
  const { method, path } = asked
  if (method === 'GET' && (path === '/v2' || path === '/v2/'))
    return json(200, { name: 'firedrill-sandbox', version: '1', extensions: ['model_repository'] })
  if (method === 'GET' && path === '/v2/health/live') return json(200, { live: true })
  if (method === 'GET' && path === '/v2/health/ready') return json(repository.current() === null ? 503 : 200, {})
  if (method === 'POST' && path.startsWith('/v2/repository/')) return answerRepository(asked, repository)
  const match = /^\/v2\/models\/([^/]+)(?:\/versions\/([^/]+))?(?:\/(ready|infer))?$/.exec(path)
  if (match === null) return notFound(asked)
  if (match[1] !== MODEL) return json(404, { error: `unknown model ${match[1]}` })
  const version = match[2] ?? repository.current()
  const there = version !== null && repository.has(version)
  if (match[3] === 'ready' && method === 'GET') return json(there ? 200 : 503, {})
  if (!there) return json(404, { error: `version ${version ?? 'of any kind'} of ${MODEL} is not loaded` })
  if (match[3] === 'infer' && method === 'POST') return infer(asked, version)
  return match[3] === undefined && method === 'GET' ? json(200, metadata(repository)) : notFound(asked)
}

function metadata(repository: Repository): JsonObject {
  return {
    name: MODEL,
    versions: repository.index().flatMap(({ version, state }) => (state === 'READY' ? [version] : [])),
    platform: 'softmax-regression',
    inputs: [{ name: 'features', datatype: 'FP32', shape: [-1, FEATURES.length] }],
    outputs: [
      { name: 'class', datatype: 'INT64', shape: [-1] },
      { name: 'label', datatype: 'BYTES', shape: [-1] },
      { name: 'probability', datatype: 'FP32', shape: [-1, CLASSES.length] },
    ],
  }
}

function infer(asked: Asked, version: string): Reply {
  const body = bodyOf(asked)
  const weights = VERSIONS.get(version)
  const rows = rowsOf(body)
  if (weights === undefined || rows === null)
    return json(400, { error: `inputs: one FP32 tensor "features" of shape [n, ${FEATURES.length}]` })
  const found = rows.map((row) => classify(weights, row))
  return json(200, {
    model_name: MODEL,
    model_version: version,
    ...(typeof body['id'] === 'string' ? { id: body['id'] } : {}),
    outputs: [
      { name: 'class', datatype: 'INT64', shape: [rows.length], data: found.map((each) => each.index) },
      { name: 'label', datatype: 'BYTES', shape: [rows.length], data: found.map((each) => CLASSES[each.index] ?? '') },
      {
        name: 'probability',
        datatype: 'FP32',
        shape: [rows.length, CLASSES.length],
        data: found.flatMap((each) => each.probabilities.map(Math.fround)),
      },
    ],
  })
}

function rowsOf(body: JsonObject): readonly (readonly number[])[] | null {
  const tensor = Array.isArray(body['inputs']) ? (body['inputs'] as readonly JsonObject[])[0] : undefined
  const data = Array.isArray(tensor?.['data']) ? (tensor['data'] as readonly Json[]).flat(1) : []
  const width = FEATURES.length
  const numbers = data.filter((each) => typeof each === 'number' && Number.isFinite(each))
  if (data.length === 0 || data.length % width !== 0 || numbers.length !== data.length) return null
  return Array.from({ length: data.length / width }, (_, row) => (data as number[]).slice(row * width, (row + 1) * width))
}

function answerRepository(asked: Asked, repository: Repository): Reply {
  if (asked.path === '/v2/repository/index')
    return json(
      200,
      repository.index().map((each) => ({ name: MODEL, reason: '', ...each })),
    )
  const match = /^\/v2\/repository\/models\/([^/]+)\/(load|unload)$/.exec(asked.path)
  if (match === null) return notFound(asked)
  if (match[1] !== MODEL) return json(404, { error: `unknown model ${match[1]}` })
  const parameters = (bodyOf(asked)['parameters'] ?? {}) as JsonObject
  const version = typeof parameters['version'] === 'string' ? parameters['version'] : null
  if (match[2] === 'unload') {
    repository.unload(version)
    return json(200, {})
  }
  if (version === null || !repository.load(version))
    return json(400, { error: `no version ${version ?? '(parameters.version is missing)'} of ${MODEL}` })
  return json(200, {})
}
