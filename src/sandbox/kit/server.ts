import { createServer, type IncomingHttpHeaders, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { describe } from '../../domain/error.ts'
import type { Json } from '../../domain/json.ts'
import { HOST } from '../layout.ts'

export interface Asked {
  readonly method: string
  readonly path: string
  readonly query: URLSearchParams
  readonly headers: IncomingHttpHeaders
  readonly body: Buffer
}
export interface Reply {
  readonly status: number
  readonly body?: Buffer | string
  readonly headers?: Readonly<Record<string, string | readonly string[]>>
}
export type Handle = (asked: Asked) => Reply | Promise<Reply>

export const json = (status: number, value: Json): Reply => ({
  status,
  body: JSON.stringify(value),
  headers: { 'content-type': 'application/json' },
})
export const plain = (status: number, text: string): Reply => ({ status, body: text, headers: { 'content-type': 'text/plain' } })
export const notFound = (asked: Asked): Reply => json(404, { error: `nothing at ${asked.method} ${asked.path}` })

/** The body as a JSON object; an empty one where there is none. */
export function bodyOf(asked: Asked): Record<string, Json> {
  if (asked.body.length === 0) return {}
  const value: unknown = JSON.parse(asked.body.toString())
  return value !== null && typeof value === 'object' && !Array.isArray(value) ? (value as Record<string, Json>) : {}
}

const LIMIT = 1_048_576

async function readBody(message: IncomingMessage): Promise<Buffer> {
  const parts: Buffer[] = []
  let length = 0
  for await (const part of message as AsyncIterable<Buffer>) {
    length += part.length
    if (length > LIMIT) throw new Error('the body is too large')
    parts.push(part)
  }
  return Buffer.concat(parts)
}

async function answer(message: IncomingMessage, handle: Handle): Promise<Reply> {
  // A page in a browser can post to a loopback port without asking; nothing here is meant for one.
  if (message.headers.origin !== undefined && message.method !== 'GET') return json(403, { error: 'not for browsers' })
  const url = new URL(message.url ?? '/', `http://${HOST}`)
  const body = await readBody(message)
  return handle({ method: message.method ?? 'GET', path: url.pathname, query: url.searchParams, headers: message.headers, body })
}

function send(reply: Reply, response: ServerResponse): void {
  if (response.destroyed) return
  const body = reply.body ?? ''
  response.writeHead(reply.status, { ...reply.headers, 'content-length': Buffer.byteLength(body) })
  response.end(body)
}

/** Answers what the server is asked. Idle connections stay open: closing one while a client reuses it looks like a failure. */
export function handleWith(server: Server, handle: Handle): void {
  server.keepAliveTimeout = 0
  server.on('request', (message: IncomingMessage, response: ServerResponse) => {
    answer(message, handle).then(
      (reply) => send(reply, response),
      (error: unknown) => send(json(error instanceof SyntaxError ? 400 : 500, { error: describe(error) }), response),
    )
  })
}

/** Serves on loopback until the process ends. */
export function serve(port: number, handle: Handle): Promise<Server> {
  const server = createServer()
  handleWith(server, handle)
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, HOST, 1024, () => resolve(server))
  })
}
