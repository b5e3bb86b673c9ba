import { promises } from 'node:dns'
import { isIP } from 'node:net'
import { defineProbe } from '../contracts/probe.ts'
import { refused } from '../domain/error.ts'
import { bounds, choice, count, either, list, type Of, object, text, withDefault } from '../domain/shape.ts'
import { codeOf } from '../platforms/net/code.ts'
import { type Judged, latencyBounds, orLate } from './late.ts'

const TYPES = ['A', 'AAAA', 'CNAME', 'MX', 'NS', 'PTR', 'SRV', 'TXT'] as const
const parameters = object(
  {
    name: text({ doc: 'The name to ask for.' }),
    type: withDefault(choice(TYPES, { doc: 'The kind of record; default A.' }), 'A'),
  },
  {
    server: text({
      doc: 'The name server to ask, an IP address with or without a port; default the machine’s own.',
      examples: ['10.0.0.2:53'],
    }),
  },
)
const expect = object(
  {},
  {
    latency: latencyBounds('An answer'),
    address: either(text(), list(text(), { min: 1 }), { doc: 'Every record must be one of these.' }),
    not: either(text(), list(text(), { min: 1 }), { doc: 'No record may be one of these.' }),
    count: bounds(count(), { doc: 'How many records there must be; default at least one.' }),
  },
)

/** A question to a name server, without any cache in between. */
export const dns = defineProbe({
  name: 'dns',
  summary: 'A question to a name server, without a cache',
  parameters,
  expect,
  latencyBound: (of) => of.latency?.max,
  async open(spec, wanted, { clock }) {
    const right = answerCheck(wanted)
    const server = spec.server === undefined ? undefined : checkedServer(spec.server)
    return {
      async shoot(timeout) {
        // One resolver a question: what it learned about a dead server must not spare the next one the wait.
        const resolver = new promises.Resolver({ timeout: Math.ceil(timeout * 1000) + 1_000, tries: 1 })
        if (server !== undefined) resolver.setServers([server])
        const start = clock.now()
        const verdict = await Promise.race([ask(resolver, spec, right), giveUp(timeout)])
        resolver.cancel()
        const end = clock.now()
        return { start, end, ...orLate(verdict, end - start, wanted.latency?.max) }
      },
      close: async () => {},
    }
  },
})

const giveUp = (timeout: number): Promise<Judged> =>
  new Promise((resolve) => {
    setTimeout(resolve, timeout * 1000, { outcome: 'failed', code: 'timeout' }).unref()
  })

async function ask(
  resolver: promises.Resolver,
  spec: Of<typeof parameters>,
  right: (records: readonly string[]) => boolean,
): Promise<Judged> {
  try {
    const records = await resolver.resolve(spec.name, spec.type)
    return right(asTexts(records)) ? { outcome: 'full', code: 'answered' } : { outcome: 'wrong', code: 'records' }
  } catch (error) {
    return { outcome: 'failed', code: codeOf(error) }
  }
}

const asTexts = (records: unknown): readonly string[] => (Array.isArray(records) ? records.map(asText) : [])

function asText(record: unknown): string {
  if (typeof record === 'string') return record
  if (Array.isArray(record)) return record.join('')
  const { exchange, name, port } = record as { readonly exchange?: string; readonly name?: string; readonly port?: number }
  return exchange ?? `${name}:${port}`
}

function answerCheck(of: Of<typeof expect>): (records: readonly string[]) => boolean {
  const allowed = of.address === undefined ? undefined : new Set([of.address].flat())
  const banned = new Set(of.not === undefined ? [] : [of.not].flat())
  const least = of.count?.min ?? (of.count?.max === undefined ? 1 : 0)
  const most = of.count?.max ?? Number.POSITIVE_INFINITY
  return (records) =>
    records.length >= least && records.length <= most && records.every((record) => !banned.has(record) && (allowed?.has(record) ?? true))
}

function checkedServer(server: string): string {
  const host = isIP(server) ? server : (/^\[?([^\]]+?)\]?:\d+$/.exec(server)?.[1] ?? '')
  if (!isIP(host)) throw refused(`${server} is not the address of a name server, such as 10.0.0.2 or 10.0.0.2:53`, 'BAD_SERVER')
  return server
}
