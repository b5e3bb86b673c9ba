import { request as http, type IncomingMessage } from 'node:http'
import { request as https } from 'node:https'
import type { Context } from '../../../contracts/context.ts'
import { OutsideError } from '../../../domain/error.ts'
import { type Seconds, seconds } from '../../../domain/time.ts'
import type { Access } from './access.ts'
import { ApiError, errorOf, isUnauthorized, noAnswer } from './api-error.ts'
import type { ServerClock } from './server-clock.ts'

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'

export interface Ask {
  readonly method: Method
  readonly path: string
  readonly query?: Readonly<Record<string, string | number | undefined>>
  readonly body?: unknown
  readonly contentType?: string
  readonly accept?: string
  /** Doing it twice is doing it once: it is sent again when nobody knows whether it arrived. GET always is. */
  readonly idempotent?: boolean
  /** For one try; default 10 s. */
  readonly timeout?: Seconds
  /** Default: as often as the signal allows, at most 6. */
  readonly tries?: number
}

export interface Answer {
  readonly status: number
  readonly body: string
}

const TIMEOUT = seconds(10)
const TRIES = 6
const FIRST_PAUSE = 0.2
const LONGEST_PAUSE = 3
/** A server that asks for more than this is asked all the same: undoing has a deadline. */
const LONGEST_WAIT = 20
/** A server that has not answered for so long is not asked once more: whoever waits wants to know. */
const PATIENCE = 25
/** Answers that say "not now" of a request that was not carried out. */
const BUSY = new Set([429, 503])
/** Answers of a server, or of what stands before it, that may or may not have carried the request out. */
const BROKEN = new Set([500, 502, 504])

const urlOf = ({ server }: Access, { path, query = {} }: Ask): URL => {
  const url = new URL(server)
  url.pathname = `${server.pathname.replace(/\/$/, '')}${path}`
  for (const [key, value] of Object.entries(query)) if (value !== undefined) url.searchParams.set(key, String(value))
  return url
}

/** Begins one request and resolves with the answer's head; the caller reads its body. Rejects with an ApiError without an answer. */
export async function begin(access: Access, ask: Ask, context: Pick<Context, 'signal' | 'run'>, fresh = false): Promise<IncomingMessage> {
  const headers = await access.headers(fresh)
  const body = ask.body === undefined ? undefined : JSON.stringify(ask.body)
  const url = urlOf(access, ask)
  const what = `${ask.method} ${ask.path}`
  return new Promise((resolve, reject) => {
    const call = access.server.protocol === 'http:' ? http : https
    const request = call(
      url,
      {
        method: ask.method,
        agent: access.agent,
        signal: context.signal,
        headers: {
          accept: ask.accept ?? 'application/json',
          'user-agent': 'firedrill',
          'firedrill-run': context.run,
          ...(body !== undefined && { 'content-type': ask.contentType ?? 'application/json', 'content-length': Buffer.byteLength(body) }),
          ...headers,
        },
      },
      resolve,
    )
    request.on('error', (error) => reject(context.signal.aborted ? context.signal.reason : noAnswer(what, error, access.server)))
    request.end(body)
  })
}

/** One try. Its time begins with its turn: a thousand requests at once do not time out while they wait for each other. */
async function once(access: Access, clock: ServerClock, ask: Ask, context: Context, fresh: boolean): Promise<Answer> {
  const end = await access.turns.take(context.signal)
  try {
    return await onceInTurn(access, clock, ask, context, fresh)
  } finally {
    end()
  }
}

async function onceInTurn(access: Access, clock: ServerClock, ask: Ask, context: Context, fresh: boolean): Promise<Answer> {
  const timeout = ask.timeout ?? TIMEOUT
  const late = AbortSignal.timeout(timeout * 1000)
  const signal = AbortSignal.any([context.signal, late])
  const what = `${ask.method} ${ask.path}`
  const sent = context.clock.wall()
  try {
    const response = await begin(access, ask, { signal, run: context.run }, fresh)
    clock.heard(response.headers.date, sent, context.clock.wall())
    const body = await readBody(response)
    const status = response.statusCode ?? 0
    if (status < 200 || status > 299) throw errorOf(status, body, what, response.headers['retry-after'])
    return { status, body }
  } catch (error) {
    context.signal.throwIfAborted()
    if (late.aborted) throw noAnswer(what, new Error(`nothing within ${timeout} s`), access.server)
    throw error instanceof OutsideError ? error : noAnswer(what, error, access.server)
  }
}

function readBody(response: IncomingMessage): Promise<string> {
  return new Promise((resolve, reject) => {
    const parts: Buffer[] = []
    response.on('data', (part: Buffer) => parts.push(part))
    response.on('end', () => resolve(Buffer.concat(parts).toString('utf8')))
    response.on('error', reject)
  })
}

/**
 * Asks until there is an answer, a refusal, or no use: a busy server is asked again when it says so, one that does not answer only for what
 * may be done twice. Rejects with an ApiError, or with the signal's reason.
 */
export async function send(access: Access, clock: ServerClock, ask: Ask, context: Context): Promise<Answer> {
  const tries = ask.tries ?? TRIES
  const began = context.clock.now()
  let fresh = false
  for (let tried = 1; ; tried++) {
    try {
      return await once(access, clock, ask, context, fresh)
    } catch (error) {
      const spent = context.clock.now() - began
      if (!(error instanceof ApiError) || tried >= tries || (error.status === 0 && spent > PATIENCE)) throw error
      if (!mayAskAgain(error, ask, fresh)) throw error
      fresh = isUnauthorized(error)
      if (!fresh) await context.clock.sleep(pauseAfter(error, tried), context.signal)
    }
  }
}

function mayAskAgain(error: ApiError, ask: Ask, fresh: boolean): boolean {
  // An eviction that a budget forbids is an answer, not a busy server.
  if (error.causes.includes('DisruptionBudget')) return false
  if (isUnauthorized(error)) return !fresh
  if (BUSY.has(error.status)) return true
  const harmless = ask.method === 'GET' || ask.idempotent === true || error.reason === 'ECONNREFUSED'
  return harmless && (error.status === 0 || BROKEN.has(error.status))
}

/** As long as the server asks for; else longer from try to try. */
function pauseAfter({ retryAfter }: ApiError, tried: number): Seconds {
  if (retryAfter !== undefined) return seconds(Math.min(retryAfter, LONGEST_WAIT))
  return seconds(Math.min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** (tried - 1)))
}
