import { Agent, type IncomingHttpHeaders, type IncomingMessage, request as plainRequest, type RequestOptions } from 'node:http'
import { Agent as SecureAgent, request as secureRequest } from 'node:https'
import type { Clock } from '../../contracts/context.ts'
import type { Instant, Seconds } from '../../domain/time.ts'
import { codeOf } from './code.ts'
import { createLookup } from './lookup.ts'

export interface HttpTarget {
  readonly url: string
  readonly method: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: Buffer | undefined
  /** Keep connections between requests; else every request makes its own, TLS handshake and all. */
  readonly keepAlive: boolean
  /** Look the name up each time. */
  readonly freshDns: boolean
  /** Connect to this address, whatever the name says. */
  readonly address?: string | undefined
  /** PEM of the authorities to trust instead of the system's. */
  readonly ca?: string | undefined
  readonly insecure?: boolean | undefined
  /** Keep the answer's body, up to `bodyLimit`. */
  readonly wantBody: boolean
  /** Bytes; default a mebibyte. What is longer is cut. */
  readonly bodyLimit?: number
}

/** `end`: the body's last byte, or when it was given up. */
export type HttpResult =
  | {
      readonly answered: true
      readonly start: Instant
      readonly end: Instant
      readonly status: number
      readonly headers: IncomingHttpHeaders
      readonly body: string
    }
  | { readonly answered: false; readonly start: Instant; readonly end: Instant; readonly code: string }

export interface HttpClient {
  /** One request; follows no redirect, tries once. Never rejects; gives up after `timeout` with code `timeout`. */
  send(timeout: Seconds): Promise<HttpResult>
  close(): void
}

const BODY_LIMIT = 1_048_576
/** A timer that is later than this, seconds, shows that the thread stood still. */
const STANDSTILL = 0.005

/** A lean client for one endpoint, to be asked many times. */
export function createHttpClient(target: HttpTarget, clock: Clock): HttpClient {
  const secure = target.url.startsWith('https:')
  const reuse = { keepAlive: target.keepAlive, maxSockets: Number.POSITIVE_INFINITY }
  const agent = secure ? new SecureAgent({ ...reuse, maxCachedSessions: target.keepAlive ? 100 : 0 }) : new Agent(reuse)
  const options = requestOptions(target, agent)
  const request = secure ? secureRequest : plainRequest

  const send = (timeout: Seconds): Promise<HttpResult> =>
    new Promise((resolve) => {
      const start = clock.now()
      let settled = false
      const settle = (result: HttpResult): void => {
        if (settled) return
        settled = true
        clearTimeout(timer)
        resolve(result)
      }
      const fail = (code: string): void => settle({ answered: false, start, end: clock.now(), code })
      const call = request(options, (answer) =>
        receive(
          answer,
          target.wantBody ? (target.bodyLimit ?? BODY_LIMIT) : 0,
          (body) => settle({ answered: true, start, end: clock.now(), status: answer.statusCode ?? 0, headers: answer.headers, body }),
          (error) => fail(codeOf(error)),
        ),
      )
      const giveUp = (): void => {
        fail('timeout')
        call.destroy()
      }
      // After a standstill timers come before sockets: an answer that waits to be read is read first, and then it is late, not absent.
      const timer = setTimeout(() => (clock.now() - start > timeout + STANDSTILL ? setImmediate(giveUp) : giveUp()), timeout * 1000)
      call.on('error', (error) => fail(codeOf(error)))
      call.end(target.body)
    })

  return { send, close: () => agent.destroy() }
}

function requestOptions(target: HttpTarget, agent: Agent): RequestOptions & { ca?: string; rejectUnauthorized?: boolean } {
  const url = new URL(target.url)
  return {
    agent,
    method: target.method,
    hostname: url.hostname.replace(/^\[|\]$/g, ''),
    port: url.port || undefined,
    path: url.pathname + url.search,
    headers: { ...(target.body ? { 'content-length': String(target.body.length) } : {}), ...target.headers },
    lookup: createLookup({ fresh: target.freshDns, address: target.address }),
    ...(url.username || url.password ? { auth: decodeURIComponent(`${url.username}:${url.password}`) } : {}),
    ...(target.ca === undefined ? {} : { ca: target.ca }),
    ...(target.insecure ? { rejectUnauthorized: false } : {}),
  }
}

function receive(answer: IncomingMessage, limit: number, done: (body: string) => void, failed: (error: unknown) => void): void {
  answer.on('error', failed)
  if (limit === 0) {
    answer.on('end', () => done(''))
    answer.resume()
    return
  }
  const chunks: Buffer[] = []
  let length = 0
  answer.on('data', (chunk: Buffer) => {
    if (length < limit) chunks.push(chunk)
    length += chunk.length
  })
  answer.on('end', () => done(Buffer.concat(chunks).toString('utf8', 0, limit)))
}
