import type { LedgerContext, LedgerNode, LedgerSession, WriteOutcome } from '../../contracts/ledger.ts'
import { refused } from '../../domain/error.ts'
import type { Json } from '../../domain/json.ts'
import { seconds } from '../../domain/time.ts'
import { createHttpClient, type HttpResult } from '../../platforms/net/http-client.ts'
import { type HttpFields, httpTarget } from '../../platforms/net/http-fields.ts'
import { recordsOf } from './records.ts'
import { type Blanks, filled, type HttpLedgerSpec, type HttpNode } from './spec.ts'

/** A list of all records of a long drill; the prober's own limit would cut it. */
const LIST_LIMIT = 64 * 1_048_576
/** For what has no time of its own: reading, removing, looking. The signal usually ends it earlier. */
const PATIENCE = seconds(20)

type Send = (of: HttpFields, blanks: Blanks, options: { readonly signal?: AbortSignal; readonly body?: boolean }) => Promise<HttpResult>

/** One request on a connection of its own, given up when the signal aborts. */
function sender(context: LedgerContext): Send {
  return async (of, blanks, { signal, body }) => {
    const target = httpTarget(filled(of, blanks), { keepAlive: false, wantBody: body === true }, context)
    const client = createHttpClient({ ...target, bodyLimit: LIST_LIMIT }, context.clock)
    const start = context.clock.now()
    const aborted = new Promise<HttpResult>((resolve) => {
      const giveUp = (): void => resolve({ answered: false, start, end: context.clock.now(), code: 'timeout' })
      if (signal?.aborted) giveUp()
      signal?.addEventListener('abort', giveUp, { once: true })
    })
    try {
      return await Promise.race([client.send(PATIENCE), aborted])
    } finally {
      client.close()
    }
  }
}

/** Nothing was sent: no name, no route, nobody listening, a certificate that was not taken. */
const NEVER_SENT = /^(?:ECONNREFUSED|ENOTFOUND|EAI_\w+|EHOSTUNREACH|local:\w+|CERT_\w+|DEPTH_ZERO\w+|SELF_SIGNED\w+|ERR_TLS_CERT\w+)$/

/** 408 and 5xx come after the request was sent, perhaps after it was done: nobody knows. Other refusals are the store's own word. */
function outcomeOf(status: number, accepted: readonly number[] | undefined): WriteOutcome {
  if (accepted ? accepted.includes(status) : status >= 200 && status < 300) return 'ok'
  return status === 408 || status >= 500 ? 'info' : 'fail'
}

export function openHttp(spec: HttpLedgerSpec, context: LedgerContext): LedgerSession {
  const send = sender(context)
  const run = context.namespace
  const several = Object.keys(spec.nodes).length > 1
  if (several && !Object.values(spec.nodes).some((node) => node.writable)) {
    throw refused('A ledger of several nodes must say how to see which of them takes writes', 'LEDGER_AUTHORITY', [
      'writable: {url: …} in a node',
    ])
  }
  const readNode = async (name: string, signal: AbortSignal): ReturnType<LedgerSession['read']> => {
    const node = spec.nodes[name]
    if (!node) throw new Error(`there is no node ${name}`)
    const result = await send(node, { run }, { signal, body: true })
    if (!result.answered) throw new Error(`no answer (${result.code})`)
    if (result.status < 200 || result.status > 299) throw new Error(`status ${result.status}`)
    return recordsOf(JSON.parse(result.body) as Json, node)
  }
  return {
    async prepare() {
      const { nodes } = await askNodes(spec, send, run, AbortSignal.timeout(5_000))
      const silent = nodes.filter((node) => node.writable === undefined).map((node) => node.name)
      if (silent.length === nodes.length)
        throw refused('No node of the ledger answers', 'LEDGER_NODES', ['check the addresses of its nodes'])
      if (silent.length > 0) context.note(`${silent.join(', ')} did not answer at the start`)
    },
    async write(writer, seq, signal) {
      const result = await send(spec.write, { run, writer, seq }, { signal })
      if (!result.answered) return { outcome: NEVER_SENT.test(result.code) ? 'fail' : 'info', code: result.code }
      const outcome = outcomeOf(result.status, spec.write.status)
      const node = spec.write.node === undefined ? undefined : result.headers[spec.write.node.toLowerCase()]
      return { outcome, code: outcome === 'ok' ? '' : String(result.status), ...(typeof node === 'string' ? { node } : {}) }
    },
    nodes: (signal) => askNodes(spec, send, run, signal),
    read: readNode,
    async scrub() {
      for (const request of spec.remove ?? []) {
        const result = await send(request, { run }, {})
        const done = result.answered && ((result.status >= 200 && result.status < 300) || [404, 410].includes(result.status))
        if (!done) throw new Error(result.answered ? `removing answered ${result.status}` : `removing was not answered (${result.code})`)
      }
    },
    leftovers: () => leftovers(spec, readNode, run),
    close: () => Promise.resolve(),
  }
}

async function askNodes(spec: HttpLedgerSpec, send: Send, run: string, signal: AbortSignal): Promise<{ nodes: readonly LedgerNode[] }> {
  const nodes = Object.entries(spec.nodes)
  return {
    nodes: await Promise.all(nodes.map(([name, node]) => askNode(name, node, nodes.length === 1, (of) => send(of, { run }, { signal })))),
  }
}

/** A node that is alone takes the writes; among several the one whose `writable` says so. */
async function askNode(name: string, node: HttpNode, alone: boolean, ask: (of: HttpFields) => Promise<HttpResult>): Promise<LedgerNode> {
  const result = await ask(node.writable ?? node)
  if (!result.answered) return { name, writable: undefined }
  if (!node.writable) return { name, writable: alone }
  return { name, writable: result.status >= 200 && result.status < 300 }
}

async function leftovers(spec: HttpLedgerSpec, read: LedgerSession['read'], run: string): Promise<readonly string[]> {
  const found = await Promise.all(
    Object.keys(spec.nodes).map(async (name) => {
      try {
        const { length } = await read(name, AbortSignal.timeout(5_000))
        return length > 0 ? [`${length} records of ${run} on ${name}`] : []
      } catch {
        return [`${name} does not answer: records of ${run} may be on it`]
      }
    }),
  )
  return found.flat()
}
