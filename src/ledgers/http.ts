import { defineLedger } from '../contracts/ledger.ts'
import { openHttp } from './http/session.ts'
import { filled, type HttpLedgerSpec, httpLedgerShape } from './http/spec.ts'

const shown = (of: HttpLedgerSpec['write'] | NonNullable<HttpLedgerSpec['remove']>[number], run: string): string => {
  const { method, url } = filled(of, { run })
  return `${method} ${url.replace(/^(https?:\/\/)[^/@]*@/, '$1')}`
}

/** Any store behind an API: one request a write, one list a node. */
export const http = defineLedger<HttpLedgerSpec>({
  name: 'http',
  summary: 'Acknowledged records of any store with an HTTP API, read back from every node as a JSON list',
  parameters: httpLedgerShape,
  footprint: (spec, namespace) => ({
    creates: [shown(spec.write, namespace)],
    removes: (spec.remove ?? []).map((one) => shown(one, namespace)),
  }),
  nodeNames: (spec) => Object.keys(spec.nodes),
  open: (spec, context) => Promise.resolve().then(() => openHttp(spec, context)),
})
