import type { Context } from '../../../contracts/context.ts'
import type { Shot } from '../../../contracts/probe.ts'
import { OutsideError } from '../../../domain/error.ts'
import { type Seconds, seconds } from '../../../domain/time.ts'
import { codeOf } from '../../net/code.ts'
import { ApiError } from '../api/api-error.ts'
import type { Cluster } from '../api/cluster.ts'
import { collectionPath, KINDS, objectPath } from '../api/kinds.ts'
import type { K8sList, K8sObject } from '../api/objects.ts'
import type { Ask } from '../api/request.ts'
import { readyIn } from '../effect/endpoints.ts'
import { conditionOf } from './judge/judge.ts'
import { readiness } from './judge/ready.ts'
import { type Asked, leastReady } from './questions.ts'

/** What must be so of an answer. */
export interface Expected {
  /** Of endpoints (a share is of all that there are, ready or not) and workloads. Default one endpoint, all of a workload. */
  readonly min?: string
}

type Said = Pick<Shot, 'outcome' | 'code'> & { readonly body: string }

const NOT_READY = { outcome: 'failed', code: 'ready' } as const
const READY = { outcome: 'full', code: '200' } as const

/** One request and what its answer says. Never rejects; given up at `timeout`. */
export async function shoot(
  asked: Asked,
  expected: Expected,
  timeout: Seconds,
  cluster: Cluster,
  context: Context,
): Promise<Shot & { readonly body: string }> {
  const { clock, signal } = context
  const late = AbortSignal.timeout(timeout * 1000)
  const start = clock.now()
  const within = { ...context, signal: AbortSignal.any([signal, late]) }
  try {
    // One request is one sample: what a second try would mend has failed.
    const body = await cluster.ask({ ...askOf(asked), tries: 1, timeout: seconds(timeout + 1) }, within)
    return { ...judge(asked, expected, body), start, end: clock.now() }
  } catch (error) {
    const code = late.aborted ? 'timeout' : codeOfFailure(error)
    return { outcome: 'failed', code, body: '', start, end: clock.now() }
  }
}

function askOf(asked: Asked): Ask {
  const { namespace } = asked
  switch (asked.kind) {
    case 'endpoints':
      return {
        method: 'GET',
        path: collectionPath(KINDS.endpointslice, namespace),
        query: { labelSelector: `kubernetes.io/service-name=${asked.spec.service}` },
      }
    case 'workload':
      return { method: 'GET', path: objectPath(KINDS[asked.spec.kind], namespace, asked.spec.name) }
    case 'node':
      return { method: 'GET', path: objectPath(KINDS.node, undefined, asked.spec.name) }
    case 'api':
      return { method: 'GET', path: asked.spec.path, accept: '*/*' }
  }
}

function judge(asked: Asked, { min }: Expected, body: string): Said {
  switch (asked.kind) {
    case 'endpoints': {
      const slices = (JSON.parse(body) as K8sList<K8sObject & { readonly endpoints?: readonly unknown[] | null }>).items
      const all = slices.reduce((sum, { endpoints }) => sum + (endpoints?.length ?? 0), 0)
      return { ...(readyIn(slices, undefined).size < leastReady(min ?? '1', all) ? NOT_READY : READY), body }
    }
    case 'workload': {
      const { ready, wanted } = readiness(asked.spec.kind, JSON.parse(body) as K8sObject)
      return { ...(ready < leastReady(min ?? '100%', wanted) ? NOT_READY : READY), body }
    }
    case 'node':
      return { ...(conditionOf(JSON.parse(body) as K8sObject, 'Ready')?.status === 'True' ? READY : NOT_READY), body }
    case 'api':
      return { ...READY, body }
  }
}

/** An HTTP status, or the system's own code for what kept the request from an answer. */
function codeOfFailure(error: unknown): string {
  if (error instanceof ApiError) return error.status > 0 ? String(error.status) : codeOf(error.cause)
  if (error instanceof OutsideError) return error.code.toLowerCase()
  return error instanceof SyntaxError ? 'json' : codeOf(error)
}
