import { readFileSync, writeFileSync } from 'node:fs'
import { Agent, request } from 'node:https'
import { setTimeout as pause } from 'node:timers/promises'

export interface Answer {
  readonly status: number
  readonly body: unknown
}

/** The API as it is on the wire: nothing typed, nothing retried, so that tests see what is really there. */
export interface Api {
  request(method: string, path: string, body?: unknown, type?: string): Promise<Answer>
  /** Throws on every status but 2xx, with what the server said. */
  call<T = unknown>(method: string, path: string, body?: unknown, type?: string): Promise<T>
  close(): void
}

export interface Access {
  readonly server: string
  /** File of the certificate that signs the server's. */
  readonly ca: string
  readonly token: string
}

export function apiOf({ server, ca, token }: Access): Api {
  const agent = new Agent({ keepAlive: true, maxSockets: 32, ca: readFileSync(ca) })
  const send = (method: string, path: string, body?: unknown, type = 'application/json'): Promise<Answer> =>
    new Promise((resolve, reject) => {
      const text = body === undefined ? undefined : JSON.stringify(body)
      // Of a DELETE with a body Node says neither its length nor that it comes in chunks.
      const sized = text === undefined ? {} : { 'content-type': type, 'content-length': Buffer.byteLength(text) }
      const headers = { authorization: `Bearer ${token}`, ...sized }
      const call = request(new URL(path, server), { method, agent, headers, timeout: 30_000 }, (response) => {
        response.setEncoding('utf8')
        let said = ''
        response.on('data', (chunk: string) => {
          said += chunk
        })
        response.on('error', reject)
        response.on('end', () => {
          const json = response.headers['content-type']?.includes('json') === true
          resolve({ status: response.statusCode ?? 0, body: json ? JSON.parse(said) : said })
        })
      })
      call.on('error', reject)
      call.on('timeout', () => call.destroy(new Error(`no answer to ${method} ${path}`)))
      call.end(text)
    })
  return {
    request: send,
    async call<T>(method: string, path: string, body?: unknown, type?: string): Promise<T> {
      const { status, body: answer } = await send(method, path, body, type)
      if (status < 200 || status > 299) throw new Error(`${method} ${path}: ${status} ${JSON.stringify(answer)}`)
      return answer as T
    },
    close: () => agent.destroy(),
  }
}

/** A kubeconfig with one context; JSON, which is YAML as well. */
export function writeKubeconfig(file: string, name: string, { server, ca, token }: Access): string {
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': name,
    clusters: [{ name, cluster: { server, 'certificate-authority': ca } }],
    users: [{ name, user: { token } }],
    contexts: [{ name, context: { cluster: name, user: name, namespace: 'default' } }],
  }
  writeFileSync(file, JSON.stringify(config), { mode: 0o600 })
  return file
}

/** What no further look can change. */
export class Final extends Error {}

/** Looks until there is something to see; the error of the last look is the cause when there never was. */
export async function waitFor<T>(what: string, look: () => Promise<T | undefined | false>, seconds = 30): Promise<T> {
  const end = performance.now() + seconds * 1000
  let cause: unknown
  do {
    try {
      const seen = await look()
      if (seen !== undefined && seen !== false) return seen
      cause = undefined
    } catch (error) {
      if (error instanceof Final) throw error
      cause = error
    }
    await pause(50)
  } while (performance.now() < end)
  throw new Error(`waited ${seconds} s in vain: ${what}`, { cause })
}
