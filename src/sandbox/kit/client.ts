import { type Agent, type IncomingHttpHeaders, request } from 'node:http'
import type { Json } from '../../domain/json.ts'
import type { Seconds } from '../../domain/time.ts'
import { HOST } from '../layout.ts'

export interface Call {
  readonly port: number
  readonly path: string
  readonly method?: string
  readonly headers?: Readonly<Record<string, string | readonly string[]>>
  readonly body?: Buffer | string
  readonly timeout: Seconds
  /** Without one every call has a connection of its own. */
  readonly agent?: Agent
}
export interface Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: Buffer
}

/** One request on loopback; rejects with code `ETIMEDOUT` when the whole answer is not there in time. */
export function ask(call: Call): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const sent = request({
      host: HOST,
      port: call.port,
      path: call.path,
      method: call.method ?? 'GET',
      agent: call.agent ?? false,
      headers: { ...call.headers, 'content-length': Buffer.byteLength(call.body ?? '') },
    })
    const late = setTimeout(() => {
      sent.destroy(Object.assign(new Error(`no answer within ${call.timeout} s`), { code: 'ETIMEDOUT' }))
    }, call.timeout * 1000)
    const fail = (error: Error): void => {
      clearTimeout(late)
      reject(error)
    }
    sent.once('error', fail)
    sent.once('response', (response) => {
      const parts: Buffer[] = []
      response.on('data', (part: Buffer) => parts.push(part))
      response.once('error', fail)
      response.once('end', () => {
        clearTimeout(late)
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(parts) })
      })
    })
    sent.end(call.body)
  })
}

/** Posts JSON and returns the answer's JSON; anything but 2xx rejects with what was said. */
export async function post(port: number, path: string, timeout: Seconds, body: Json = {}): Promise<Json> {
  const answer = await ask({
    port,
    path,
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
    timeout,
  })
  const text = answer.body.toString()
  if (answer.status < 200 || answer.status > 299) throw new Error(`${path} answered ${answer.status}: ${text}`)
  return text === '' ? null : (JSON.parse(text) as Json)
}
