import { createServer, type IncomingMessage } from 'node:http'
import type { Context } from '../contracts/context.ts'
import { defineSignal, type SignalSeen } from '../contracts/signal.ts'
import { describe, refused } from '../domain/error.ts'
import type { Json } from '../domain/json.ts'
import { count, mapOf, object, text, withDefault } from '../domain/shape.ts'
import { alertState } from './alert-payload.ts'

const parameters = object({
  port: count({ min: 1, max: 65_535, doc: 'Where firedrill listens.' }),
  host: withDefault(text({ doc: 'The address it listens on; default 127.0.0.1.' }), '127.0.0.1'),
  path: withDefault(text({ pattern: /^\//, what: 'a path that begins with /', doc: 'Posts to other paths do not count.' }), '/'),
  match: withDefault(
    mapOf(text(), { key: 'text', doc: 'Labels or fields that an alert must carry.', examples: ['{alertname: ScoringDown}'] }),
    {},
  ),
})

const BODY_LIMIT = 1_048_576

/** Listens for what the system's own alerting posts: the time is that of the arrival here. */
export const webhook = defineSignal({
  name: 'webhook',
  summary: 'Listens for what the system’s own alerting posts (Alertmanager, PagerDuty and the like)',
  parameters,
  stage: 'D2',
  async watch(spec, _every, seen, context) {
    let said: SignalSeen['state'] = 'quiet'
    const server = createServer((request, response) => {
      const lo = context.clock.now()
      void readJson(request).then((body) => {
        const known = request.method === 'POST' && new URL(request.url ?? '/', 'http://x').pathname === spec.path
        response.writeHead(!known ? 404 : body === undefined ? 400 : 200).end()
        if (!known || body === undefined) return
        const state = alertState(body, spec.match)
        if (state === undefined || state === said) return
        said = state
        seen({ state, at: { lo, hi: context.clock.now() }, detail: `posted to ${spec.host}:${spec.port}${spec.path}` })
      })
    })
    await new Promise<void>((resolve, reject) => {
      server.once('error', (error) => reject(cannotListen(spec, error)))
      server.listen(spec.port, spec.host, resolve)
    })
    const now = context.clock.now()
    seen({ state: 'quiet', at: { lo: now, hi: now }, detail: `listening on ${spec.host}:${spec.port}${spec.path}` })
    await aborted(context)
    server.close()
    server.closeAllConnections()
  },
})

const cannotListen = (spec: { readonly host: string; readonly port: number }, error: Error) =>
  'code' in error && error.code === 'EADDRINUSE'
    ? refused(
        `Port ${spec.port} of ${spec.host}, which a webhook signal wants, is in use`,
        'PORT_IN_USE',
        [`ss -ltnp 'sport = :${spec.port}'`],
        error,
      )
    : refused(`A webhook signal cannot listen on ${spec.host}:${spec.port}: ${describe(error)}`, 'CANNOT_LISTEN', [], error)

const aborted = ({ signal }: Context): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })

/** undefined when the body is no JSON, too long or cut off. */
async function readJson(request: IncomingMessage): Promise<Json | undefined> {
  try {
    const chunks: Buffer[] = []
    let length = 0
    for await (const chunk of request as AsyncIterable<Buffer>) {
      length += chunk.length
      if (length > BODY_LIMIT) return undefined
      chunks.push(chunk)
    }
    return JSON.parse(Buffer.concat(chunks).toString('utf8')) as Json
  } catch {
    return undefined
  }
}
