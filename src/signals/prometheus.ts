import { defineSignal } from '../contracts/signal.ts'
import { bounds, choice, mapOf, number, type Of, object, text, withDefault } from '../domain/shape.ts'
import { createHttpClient } from '../platforms/net/http-client.ts'
import { httpFields, httpOptionals, httpTarget, httpUrl } from '../platforms/net/http-fields.ts'
import { pollSignal, pollTimeout } from './poll.ts'
import { parseMetrics } from './prometheus-text.ts'

const parameters = object(
  {
    url: httpUrl,
    ...httpFields,
    metric: text({ doc: 'The name of the metric.', examples: ['up'] }),
    labels: withDefault(mapOf(text(), { key: 'text', doc: 'Labels that a series must carry.' }), {}),
    firing: bounds(number(), { doc: 'The detector has noticed when a series lies within these bounds.' }),
    absent: withDefault(
      choice(['unknown', 'quiet', 'firing'], { doc: 'What it means when there is no such series; default unknown.' }),
      'unknown',
    ),
  },
  httpOptionals,
)

/** Scrapes metrics in the Prometheus text format, without a Prometheus in between. */
export const prometheus = defineSignal({
  name: 'prometheus',
  summary: 'Scrapes a metric in the Prometheus text format and compares it with bounds',
  parameters,
  stage: 'D1',
  async watch(spec, every, seen, context) {
    const client = createHttpClient(httpTarget(spec, { keepAlive: false, wantBody: true }, context), context.clock)
    const poll = async () => {
      const answer = await client.send(pollTimeout(every))
      const { start, end } = answer
      if (!answer.answered) return { start, end, state: 'unknown', detail: `no answer: ${answer.code}` } as const
      if (answer.status !== 200) return { start, end, state: 'unknown', detail: `status ${answer.status}` } as const
      return { start, end, ...judge(spec, answer.body) }
    }
    await pollSignal(every, poll, seen, context)
    client.close()
  },
})

function judge({ metric, labels, firing, absent }: Of<typeof parameters>, body: string) {
  const wanted = Object.entries(labels)
  const values = parseMetrics(body)
    .filter((series) => series.name === metric && wanted.every(([name, value]) => series.labels[name] === value))
    .map((series) => series.value)
  if (values.length === 0) return { state: absent, detail: `no series of ${metric}` }
  const { min = Number.NEGATIVE_INFINITY, max = Number.POSITIVE_INFINITY } = firing
  const inside = values.find((value) => value >= min && value <= max)
  return { state: inside === undefined ? ('quiet' as const) : ('firing' as const), detail: `${metric} is ${inside ?? values[0]}` }
}
