import type { Context } from '../contracts/context.ts'
import { defineLoad, type LoadInput, type LoadSession } from '../contracts/load.ts'
import { createSchedule, ramped } from '../contracts/schedule.ts'
import type { Json } from '../domain/json.ts'
import { duration, flag, type Of, object, withDefault } from '../domain/shape.ts'
import { seconds } from '../domain/time.ts'
import { createHttpClient, type HttpResult } from '../platforms/net/http-client.ts'
import { httpFields, httpOptionals, httpTarget, httpUrl } from '../platforms/net/http-fields.ts'
import { createTally, type Tally } from './tally.ts'

const parameters = object(
  {
    url: httpUrl,
    ...httpFields,
    timeout: withDefault(duration({ min: 0.001, doc: 'After this a request has failed; default 5s.' }), 5),
    keepAlive: withDefault(flag({ doc: 'Keep connections between requests (default); else each request makes its own.' }), true),
  },
  httpOptionals,
)
type Spec = Of<typeof parameters>

/** More requests than this under way do not help anybody: the slot is missed. */
const MOST_OPEN = 4_000
const FLUSH = 50
/** How long requests under way are waited for at the end, seconds. */
const PATIENCE = 2

/** Requests at a fixed rate, open-loop: a slow answer takes no request from the schedule. 2xx and 3xx are served. */
export const http = defineLoad({
  name: 'http',
  summary: 'Requests over HTTP at a fixed rate, built in, open-loop',
  parameters,
  runs: 'thread',
  async check(spec, context) {
    httpTarget(spec, { keepAlive: spec.keepAlive, wantBody: false }, context)
    return { engine: 'firedrill http', warnings: [] }
  },
  start: async (input, context) => startLoop(input, context),
})

function startLoop({ spec, rate, ramp, limit, samples }: LoadInput<Spec>, context: Context): LoadSession {
  const { clock } = context
  const client = createHttpClient(httpTarget(spec, { keepAlive: spec.keepAlive, wantBody: false }, context), clock)
  const schedule = createSchedule(clock)
  const tally = createTally(samples)
  const ended = Promise.withResolvers<Awaited<LoadSession['ended']>>()
  const room = Math.min(MOST_OPEN, 16 + Math.ceil(2 * rate * spec.timeout))
  const open = new Map<number, Promise<void>>()
  const began = clock.now()
  let stopping: Promise<void> | undefined

  const shoot = async (planned: number): Promise<void> => {
    const result = await client.send(spec.timeout)
    if (!open.delete(planned)) return
    tally.add(planned, result.start, result.end, ...judge(result))
  }
  const flushing = setInterval(() => tally.flush(), FLUSH)
  const stop = async (): Promise<void> => {
    clearTimeout(limiting)
    schedule.stop()
    const over = clock.now()
    await Promise.race([Promise.all(open.values()), clock.sleep(seconds(Math.min(PATIENCE, spec.timeout + 0.1)))])
    clearInterval(flushing)
    const now = clock.now()
    for (const planned of open.keys()) tally.add(planned, now, now, 'missed', 'local:stopped')
    open.clear()
    tally.flush()
    client.close()
    ended.resolve({ ok: true, detail: detailOf(tally, over - began) })
  }
  const stopOnce = (): Promise<void> => (stopping ??= stop())
  const limiting = setTimeout(() => void stopOnce(), limit * 1000)
  context.signal.addEventListener('abort', () => void stopOnce(), { once: true })
  schedule.add({
    timetable: ramped(rate, ramp, began),
    fire(planned) {
      if (open.size >= room) return false
      open.set(planned, shoot(planned))
      return true
    },
    missed: (planned, now) => tally.add(planned, now, now, 'missed', open.size >= room ? 'local:busy' : 'local:late'),
  })
  return { ended: ended.promise, stop: stopOnce }
}

const judge = (result: HttpResult): ['full' | 'failed' | 'missed', string] => {
  if (!result.answered) return [result.code.startsWith('local:') ? 'missed' : 'failed', result.code]
  return [result.status < 400 ? 'full' : 'failed', String(result.status)]
}

function detailOf({ counts }: Tally, length: number): Json {
  const requests = counts.full + counts.failed
  return {
    engine: 'firedrill http',
    requests,
    served: counts.full,
    failed: counts.failed,
    missed: counts.missed,
    rate: requests / Math.max(length, 1e-9),
  }
}
