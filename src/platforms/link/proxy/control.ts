import { chmodSync, mkdirSync, rmSync } from 'node:fs'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { connect } from 'node:net'
import { dirname } from 'node:path'
import { readRule } from '../rule.ts'
import type { Proxy } from './proxy.ts'

/** A request for a rule is small; more than this is none, bytes. */
const BODY_LIMIT = 64 << 10

const answer = (response: ServerResponse, status: number, body: unknown): void => {
  const text = JSON.stringify(body)
  response.writeHead(status, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) }).end(text)
}

async function bodyOf(request: IncomingMessage): Promise<unknown> {
  let text = ''
  for await (const chunk of request.setEncoding('utf8')) {
    text += chunk
    if (text.length > BODY_LIMIT) throw new Error('the body is too large')
  }
  return JSON.parse(text)
}

async function serve(proxy: Proxy, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const [, what, raw] = (request.url ?? '').split('/')
  const id = decodeURIComponent(raw ?? '')
  if (request.method === 'GET' && what === 'state') return answer(response, 200, proxy.state())
  if (what !== 'rules' || id === '') return answer(response, 404, { error: 'GET /state, PUT or DELETE /rules/<id>' })
  if (request.method === 'DELETE') return answer(response, 200, { lifted: await proxy.lift(id) })
  if (request.method !== 'PUT') return answer(response, 405, { error: 'PUT or DELETE' })
  const rule = readRule(id, await bodyOf(request))
  if (rule === undefined) return answer(response, 400, { error: 'not a rule' })
  const { refused } = await proxy.put(rule)
  return refused === undefined ? answer(response, 200, {}) : answer(response, 409, { error: refused })
}

/** Whether somebody answers on the socket, so that a living proxy's is never taken away. */
const isTaken = (path: string): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(path)
    socket.once('connect', () => resolve((socket.destroy(), true))).once('error', () => resolve(false))
  })

/** HTTP and JSON on a unix socket that only this user may open. Rejects when another proxy answers there already. */
export async function startControl(path: string, proxy: Proxy): Promise<Server> {
  if (await isTaken(path)) throw new Error(`another proxy answers on ${path}`)
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
  rmSync(path, { force: true })
  const server = createServer((request, response) => {
    serve(proxy, request, response).catch((error: unknown) => answer(response, 400, { error: String(error) }))
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(path, resolve)
  })
  chmodSync(path, 0o600)
  return server
}
