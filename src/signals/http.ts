import { defineSignal } from '../contracts/signal.ts'
import { refused } from '../domain/error.ts'
import { either, list, type Of, object, text } from '../domain/shape.ts'
import { headerCheck, headerChecks, jsonCheck, jsonChecks, textCheck, valueCheck } from '../platforms/net/check.ts'
import { createHttpClient, type HttpResult } from '../platforms/net/http-client.ts'
import { httpFields, httpOptionals, httpTarget, httpUrl } from '../platforms/net/http-fields.ts'
import { pollSignal, pollTimeout } from './poll.ts'

const status = text({ pattern: /^[1-5](?:\d\d|xx)$/, what: 'a status such as 503 or a class such as 5xx', examples: ['503', '5xx'] })
const conditionOf = (doc: string) =>
  object(
    {},
    {
      status: either(status, list(status, { min: 1 })),
      headers: headerChecks,
      json: jsonChecks,
      body: textCheck('What the body must be.'),
    },
    { doc },
  )
const parameters = object(
  { url: httpUrl, ...httpFields },
  {
    ...httpOptionals,
    firing: conditionOf('The detector has noticed when its answer is like this. This or `quiet`.'),
    quiet: conditionOf('The detector has noticed when its answer is not like this. This or `firing`.'),
  },
)

type Answer = Extract<HttpResult, { readonly answered: true }>

/** Polls an endpoint that tells what a detector thinks, such as a health page. No answer is no opinion. */
export const http = defineSignal({
  name: 'http',
  summary: 'Polls an endpoint that tells what a detector thinks, such as a health page',
  parameters,
  stage: 'D1',
  async watch(spec, every, seen, context) {
    const fires = firesOn(spec)
    const client = createHttpClient(httpTarget(spec, { keepAlive: false, wantBody: true }, context), context.clock)
    const poll = async () => {
      const answer = await client.send(pollTimeout(every))
      const { start, end } = answer
      if (!answer.answered) return { start, end, state: 'unknown', detail: `no answer: ${answer.code}` } as const
      return { start, end, state: fires(answer) ? 'firing' : 'quiet', detail: `status ${answer.status}` } as const
    }
    await pollSignal(every, poll, seen, context)
    client.close()
  },
})

function firesOn(spec: Of<typeof parameters>): (answer: Answer) => boolean {
  if ((spec.firing === undefined) === (spec.quiet === undefined))
    throw refused(`The http signal of ${spec.url} needs firing or quiet, one of them`, 'SIGNAL_CONDITION', ['firing: {status: 503}'])
  if (spec.firing) return holds(spec.firing)
  const quiet = holds(spec.quiet ?? {})
  return (answer) => !quiet(answer)
}

function holds(of: Of<ReturnType<typeof conditionOf>>): (answer: Answer) => boolean {
  const statuses = of.status === undefined ? undefined : new Set([of.status].flat())
  const headers = of.headers && headerCheck(of.headers)
  const json = of.json && jsonCheck(of.json)
  const body = of.body && valueCheck(of.body)
  return (answer) =>
    (statuses === undefined || statuses.has(String(answer.status)) || statuses.has(`${Math.floor(answer.status / 100)}xx`)) &&
    (headers?.(answer.headers) ?? true) &&
    (json?.(answer.body) ?? true) &&
    (body?.(answer.body) ?? true)
}
