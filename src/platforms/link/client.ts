import { request } from 'node:http'
import { DrillError, describe, refused } from '../../domain/error.ts'
import { EXIT } from '../../domain/verdict.ts'
import type { LinkState, RuleRequest } from './rule.ts'

/** An answer that takes longer is none, milliseconds. */
const PATIENCE = 2000

interface Answer {
  readonly status: number
  readonly body: unknown
}

/** Nobody is at the socket: the proxy is gone. */
const GONE = new Set(['ENOENT', 'ECONNREFUSED', 'ENOTSOCK'])

function ask(control: string, method: string, path: string, signal: AbortSignal, body?: unknown): Promise<Answer> {
  const limit = AbortSignal.any([signal, AbortSignal.timeout(PATIENCE)])
  return new Promise((resolve, reject) => {
    const call = request({ socketPath: control, method, path, signal: limit, agent: false }, (response) => {
      let text = ''
      response.setEncoding('utf8')
      response.on('data', (chunk: string) => (text += chunk))
      response.once('error', reject)
      response.once('end', () => {
        try {
          resolve({ status: response.statusCode ?? 0, body: JSON.parse(text) })
        } catch (error) {
          reject(error)
        }
      })
    })
    call.once('error', reject)
    call.end(body === undefined ? undefined : JSON.stringify(body))
  })
}

const complaint = ({ body }: Answer): string =>
  typeof body === 'object' && body !== null && 'error' in body ? String(body.error) : 'it gave no reason'

/** What the proxy says of itself; undefined when nobody is at the socket. Rejects when it hangs or is no proxy. */
export async function linkState(control: string, signal: AbortSignal): Promise<LinkState | undefined> {
  try {
    const { status, body } = await ask(control, 'GET', '/state', signal)
    if (status !== 200 || typeof body !== 'object' || body === null || !('instance' in body)) throw new Error('it is not a link')
    return body as LinkState
  } catch (error) {
    if (error instanceof Error && 'code' in error && GONE.has(String(error.code))) return undefined
    signal.throwIfAborted()
    throw new DrillError(`The link at ${control} gave no answer: ${describe(error)}`, {
      code: 'LINK_SILENT',
      exit: EXIT.refused,
      cause: error,
    })
  }
}

/** Makes a rule hold. Idempotent by the rule's id. Rejects with a DrillError when the proxy refuses: a stale epoch, a lost lease. */
export async function putRule(control: string, { id, ...rule }: RuleRequest, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted()
  const answer = await ask(control, 'PUT', `/rules/${encodeURIComponent(id)}`, signal, rule)
  if (answer.status !== 200) throw refused(`The link refused the rule: ${complaint(answer)}`, 'LINK_REFUSED')
}

/** Ends a rule; resolves when everything passes again. False when there was none. Idempotent. */
export async function liftRule(control: string, id: string, signal: AbortSignal): Promise<boolean> {
  const { body } = await ask(control, 'DELETE', `/rules/${encodeURIComponent(id)}`, signal)
  return typeof body === 'object' && body !== null && 'lifted' in body && body.lifted === true
}
