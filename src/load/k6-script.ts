import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import type { Context } from '../contracts/context.ts'
import { reveal } from '../contracts/secret.ts'
import { describe, refused } from '../domain/error.ts'
import type { Json, JsonObject } from '../domain/json.ts'
import type { Secret } from '../domain/shape.ts'
import type { Rate, Seconds } from '../domain/time.ts'

/** Read from standard input by k6; what it sends comes by the environment, so that no secret is on disk. */
export const GENERATED = `import http from 'k6/http'
const request = JSON.parse(__ENV.FIREDRILL_REQUEST)
export const options = JSON.parse(__ENV.FIREDRILL_OPTIONS)
export default function () {
  http.request(request.method, request.url, request.body, { headers: request.headers, timeout: request.timeout })
}
`

export interface Generated {
  readonly url: string
  readonly method: string
  readonly headers: Readonly<Record<string, string | Secret>>
  readonly body?: string | undefined
  readonly timeout: Seconds
}

const ms = (length: number): string => `${Math.max(1, Math.round(length * 1000))}ms`
/** k6 wants whole numbers: rates are given per thousand seconds. */
const UNIT = 1_000
const MOST_VUS = 4_000

/** The options of an open-loop scenario at exactly this rate, with k6's defaults that would blur an outage set right. */
export function generatedOptions(rate: Rate, ramp: Seconds, limit: Seconds, timeout: Seconds): JsonObject {
  const vus = Math.min(MOST_VUS, Math.max(4, Math.ceil(rate * timeout * 1.2)))
  const target = Math.max(1, Math.round(rate * UNIT))
  const common = { timeUnit: `${UNIT}s`, preAllocatedVUs: vus, maxVUs: vus, gracefulStop: ms(timeout) }
  const scenario: Json =
    ramp > 0
      ? { ...common, executor: 'ramping-arrival-rate', startRate: 0, stages: [stage(ramp, target), stage(limit, target)] }
      : { ...common, executor: 'constant-arrival-rate', rate: target, duration: ms(limit) }
  return {
    scenarios: { load: scenario },
    dns: { ttl: '0' },
    noConnectionReuse: true,
    discardResponseBodies: true,
    systemTags: ['status', 'error_code'],
  }
}

const stage = (length: number, target: number): Json => ({ duration: ms(length), target })

/** The request of the generated script, secrets filled in: it goes to k6 by its environment, never to a file. */
export function generatedRequest(of: Generated, context: Context): JsonObject {
  const headers = Object.fromEntries(Object.entries(of.headers).map(([name, value]) => [name, reveal(value, context)]))
  return {
    url: of.url,
    method: of.method,
    body: of.body ?? null,
    headers: { 'firedrill-run': context.run, ...headers },
    timeout: ms(of.timeout),
  }
}

/** A script's text. Throws a DrillError when it cannot be read. */
export function readScript(script: string, folder: string): string {
  try {
    return readFileSync(resolve(folder, script), 'utf8')
  } catch (error) {
    throw refused(`The k6 script ${script} cannot be read: ${describe(error)}`, 'FILE_MISSING', [], error)
  }
}
