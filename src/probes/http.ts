import { defineProbe } from '../contracts/probe.ts'
import { either, flag, list, type Of, object, text, withDefault } from '../domain/shape.ts'
import { headerCheck, headerChecks, jsonCheck, jsonChecks, textCheck, valueCheck } from '../platforms/net/check.ts'
import { createHttpClient, type HttpResult } from '../platforms/net/http-client.ts'
import { httpFields, httpOptionals, httpTarget, httpUrl } from '../platforms/net/http-fields.ts'
import { type Judged, latencyBounds } from './late.ts'

const parameters = object(
  {
    url: httpUrl,
    ...httpFields,
    keepAlive: withDefault(
      flag({ doc: 'Keep connections between requests; default: each request makes its own, as a new client would.' }),
      false,
    ),
  },
  httpOptionals,
)

const statusText = text({ pattern: /^[1-5](?:\d\d|xx)$/, what: 'a status such as 200 or a class such as 2xx', examples: ['200', '2xx'] })
const answerFields = { headers: headerChecks, json: jsonChecks, body: textCheck('What the body must be.') }
const markerOf = (doc: string) => object({}, { status: statusText, ...answerFields }, { doc })
const expect = object(
  {
    status: withDefault(
      either(statusText, list(statusText, { min: 1 }), { doc: 'A status, a class such as 2xx, or a list of them. Default 2xx.' }),
      '2xx',
    ),
  },
  {
    latency: latencyBounds('A right answer'),
    ...answerFields,
    degraded: markerOf('An answer like this is served, but degraded.'),
    stale: markerOf('An answer like this is served, but stale.'),
  },
)
type Expect = Of<typeof expect>
type Marker = Of<ReturnType<typeof markerOf>>
type Answer = Extract<HttpResult, { readonly answered: true }>

/** A request over HTTP or HTTPS, judged by status, time and content. */
export const http = defineProbe({
  name: 'http',
  summary: 'A request over HTTP or HTTPS, judged by status, time, headers and body',
  parameters,
  expect,
  latencyBound: (of) => of.latency?.max,
  async open(spec, wanted, context) {
    const judge = judgeOf(wanted)
    const client = createHttpClient(httpTarget(spec, { keepAlive: spec.keepAlive, wantBody: needsBody(wanted) }, context), context.clock)
    return {
      async shoot(timeout) {
        const result = await client.send(timeout)
        const { start, end } = result
        return { start, end, ...(result.answered ? judge(result) : { outcome: 'failed', code: result.code }) }
      },
      close: async () => client.close(),
    }
  },
})

const needsBody = (of: Expect): boolean => [of, of.degraded, of.stale].some((part) => part?.json !== undefined || part?.body !== undefined)

/** Order matters: no valid answer, late, wrong, then what kind of served. */
function judgeOf(of: Expect): (answer: Answer) => Judged {
  const right = statusCheck(of.status)
  const headers = of.headers && headerCheck(of.headers)
  const json = of.json && jsonCheck(of.json)
  const body = of.body && valueCheck(of.body)
  const stale = of.stale && markerCheck(of.stale)
  const degraded = of.degraded && markerCheck(of.degraded)
  const latest = of.latency?.max ?? Number.POSITIVE_INFINITY
  const least = of.latency?.min ?? 0
  return (answer) => {
    const said = String(answer.status)
    const took = answer.end - answer.start
    if (!right(answer.status)) return { outcome: 'failed', code: said }
    if (took > latest) return { outcome: 'failed', code: 'latency' }
    if (took < least) return { outcome: 'wrong', code: 'latency' }
    if (headers && !headers(answer.headers)) return { outcome: 'wrong', code: 'headers' }
    if (json && !json(answer.body)) return { outcome: 'wrong', code: 'json' }
    if (body && !body(answer.body)) return { outcome: 'wrong', code: 'body' }
    if (stale?.(answer)) return { outcome: 'stale', code: said }
    if (degraded?.(answer)) return { outcome: 'degraded', code: said }
    return { outcome: 'full', code: said }
  }
}

const statusCheck = (of: string | readonly string[]): ((status: number) => boolean) => {
  const wanted = new Set(typeof of === 'string' ? [of] : of)
  return (status) => wanted.has(String(status)) || wanted.has(`${Math.floor(status / 100)}xx`)
}

function markerCheck(of: Marker): (answer: Answer) => boolean {
  const headers = of.headers && headerCheck(of.headers)
  const json = of.json && jsonCheck(of.json)
  const body = of.body && valueCheck(of.body)
  const right = of.status === undefined ? undefined : statusCheck(of.status)
  return (answer) =>
    (right?.(answer.status) ?? true) &&
    (headers?.(answer.headers) ?? true) &&
    (json?.(answer.body) ?? true) &&
    (body?.(answer.body) ?? true)
}
