import { refused } from '../../domain/error.ts'
import type { JsonObject } from '../../domain/json.ts'
import { choice, count, duration, flag, type Of, object, text, withDefault } from '../../domain/shape.ts'
import { chaosFault, goDuration } from './chaos-fault.ts'

const parameters = object(
  {
    port: count({ min: 1, max: 65_535, doc: 'The port that the pods listen on.', examples: ['8080'] }),
    on: withDefault(choice(['request', 'response'], { doc: 'Acts when the request comes (default), or on the answer.' }), 'request'),
    path: withDefault(text({ doc: 'Only requests to this path; * stands for anything. Default: all.', examples: ['/api/*'] }), '*'),
    abort: withDefault(flag({ doc: 'Ends the connection. One of abort, delay and status.' }), false),
  },
  {
    method: choice(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'], { doc: 'Only these requests. Default: all.' }),
    delay: duration({ min: 0.001, doc: 'Waits so long. One of abort, delay and status.', examples: ['2s'] }),
    status: count({
      min: 100,
      max: 599,
      doc: 'Answers with this status, on: response. One of abort, delay and status.',
      examples: ['503'],
    }),
  },
)
type Spec = Of<typeof parameters>

function harm({ abort, delay, status, on }: Spec): JsonObject {
  if ([abort, delay !== undefined, status !== undefined].filter(Boolean).length !== 1)
    throw refused('An http-fault needs abort, delay or status, one of them.', 'HTTP_WHAT', ['abort: true', 'delay: 2s', 'status: 503'])
  if (status !== undefined && on === 'request') throw refused('A request has no status to replace.', 'HTTP_WHAT', ['on: response'])
  if (abort) return { abort }
  return delay === undefined ? { replace: { code: status } } : { delay: goDuration(delay) }
}

export const kubernetesHttpFault = chaosFault<Spec>({
  name: 'kubernetes/http-fault',
  summary: 'Aborts, delays or falsifies HTTP requests or answers of pods (Chaos Mesh)',
  parameters,
  kind: 'httpchaos',
  network: true,
  harm: (spec) => ({
    ...harm(spec),
    target: spec.on === 'request' ? 'Request' : 'Response',
    port: spec.port,
    path: spec.path,
    ...(spec.method !== undefined && { method: spec.method }),
  }),
})
