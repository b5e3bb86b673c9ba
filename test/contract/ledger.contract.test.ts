import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { type AddressInfo, createServer as createTcpServer, type Socket } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { systemClock } from '../../src/contracts/clock.ts'
import { type Ledger, type LedgerContext, type LedgerSession, namespaceOf } from '../../src/contracts/ledger.ts'
import type { Json } from '../../src/domain/json.ts'
import * as ledgers from '../../src/registry/ledgers.ts'
import { type Cluster, startCluster } from '../kit/postgres.ts'

/** What every kind of ledger is held to: a store that is well, one where nobody listens, one that never answers, one that says no. */
interface Rig {
  readonly well: Json
  readonly down: Json
  readonly hanging: Json
  readonly refusing: Json
}

const ends: (() => void)[] = []
let cluster: Cluster
let rigs: Readonly<Record<string, Rig>>

async function listen(server: Server | ReturnType<typeof createTcpServer>): Promise<number> {
  const sockets = new Set<Socket>()
  server.on('connection', (socket: Socket) => {
    sockets.add(socket)
    socket.on('error', () => undefined)
  })
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', () => resolve()))
  ends.push(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return (server.address() as AddressInfo).port
}

/** A store of records by run: POST /<run> adds, GET /<run> lists, DELETE /<run> removes; /readonly says no. */
function store(): Server {
  const runs = new Map<string, Json[]>()
  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const url = request.url ?? ''
    const own = runs.get(url) ?? []
    response.setHeader('x-node', 'one')
    if (url.startsWith('/readonly')) response.statusCode = 409
    else if (request.method === 'DELETE') runs.delete(url)
    else if (request.method === 'POST') {
      const chunks: Buffer[] = []
      for await (const chunk of request) chunks.push(chunk as Buffer)
      runs.set(url, [...own, JSON.parse(Buffer.concat(chunks).toString()) as Json])
      response.statusCode = 201
    }
    response.end(request.method === 'GET' ? JSON.stringify({ data: { items: own } }) : '')
  }
  return createServer((request, response) => void handle(request, response))
}

const httpSpec = (base: string): Json => ({
  write: {
    url: `${base}/{run}`,
    method: 'POST',
    headers: {},
    freshDns: true,
    insecure: false,
    node: 'X-Node',
    body: { json: { writer: '{writer}', seq: '{seq}' } },
  },
  nodes: {
    one: {
      url: `${base}/{run}`,
      method: 'GET',
      headers: {},
      freshDns: true,
      insecure: false,
      list: '$.data.items',
      writer: 'writer',
      seq: 'seq',
    },
  },
  remove: [{ url: `${base}/{run}`, method: 'DELETE', headers: {}, freshDns: true, insecure: false }],
})

beforeAll(async () => {
  cluster = await startCluster()
  const good = await listen(store())
  const silent = await listen(createTcpServer())
  const nodes = { one: cluster.primary.dsn, two: cluster.standby.dsn }
  rigs = {
    postgres: {
      well: { write: cluster.primary.dsn, nodes },
      down: { write: 'postgres://postgres@127.0.0.1:1/postgres', nodes },
      hanging: { write: `postgres://postgres@127.0.0.1:${silent}/postgres`, nodes },
      refusing: { write: cluster.standby.dsn, nodes },
    },
    http: {
      well: httpSpec(`http://127.0.0.1:${good}`),
      down: httpSpec('http://127.0.0.1:1'),
      hanging: httpSpec(`http://127.0.0.1:${silent}`),
      refusing: httpSpec(`http://127.0.0.1:${good}/readonly`),
    },
  }
})
afterAll(async () => {
  for (const end of ends) end()
  await cluster.end()
})

const contextFor = (name: string): LedgerContext => ({
  clock: systemClock(process.hrtime.bigint()),
  signal: new AbortController().signal,
  run: `run-${name}`,
  namespace: namespaceOf(`run-${name}`, 'orders'),
  lease: { file: '', epoch: 1 },
  env: {},
  folder: '.',
  note: () => undefined,
})

const known: readonly Ledger[] = Object.values(ledgers)
const soon = (): AbortSignal => AbortSignal.timeout(2_000)
const rigOf = ({ name }: Ledger): Rig => {
  const rig = rigs[name]
  if (!rig) throw new Error(`ledger ${name} has no rig in this suite`)
  return rig
}

describe.each(known.map((ledger) => [ledger.name, ledger] as const))('ledger %s', (_, ledger) => {
  const opened = async (spec: Json, name: string, work: (session: LedgerSession) => Promise<void>): Promise<void> => {
    const session = await ledger.open(spec, contextFor(name))
    try {
      await work(session)
    } finally {
      await session.close()
    }
  }

  test('says what it is, with which parameters', () => {
    expect(ledger.name).toMatch(/^[a-z][a-z-]*$/)
    expect(ledger.summary).toMatch(/^[A-Z].{10,}[^.]$/)
    expect(ledger.parameters.node.type).toBe('object')
  })

  test('its footprint names its own namespace in everything that makes or removes it', () => {
    const { creates, removes } = ledger.footprint(rigOf(ledger).well, 'firedrill_r1_orders')
    expect(creates.length).toBeGreaterThan(0)
    expect(removes.length).toBeGreaterThan(0)
    for (const one of [...creates, ...removes]) expect(one).toContain('firedrill_r1_orders')
  })

  test('acknowledges a write, names the node, reads it back, duplicates included', async () => {
    await opened(rigOf(ledger).well, 'well', async (session) => {
      await session.prepare()
      await session.prepare()
      for (const [writer, seq] of [
        [0, 1],
        [1, 1],
        [0, 2],
        [0, 2],
      ] as const) {
        expect(await session.write(writer, seq, soon())).toEqual({ outcome: 'ok', code: '', node: 'one' })
      }
      const { nodes } = await session.nodes(soon())
      expect(nodes.map((node) => node.name)).toEqual(ledger.nodeNames(rigOf(ledger).well))
      expect(nodes[0]?.writable).toBe(true)
      const rows = await session.read('one', soon())
      const texts = rows.map(({ writer, seq }) => `${writer}/${seq}`)
      expect(texts.toSorted()).toEqual(['0/1', '0/2', '0/2', '1/1'])
      expect((await session.leftovers()).length).toBeGreaterThan(0)
      await session.scrub()
      await session.scrub()
      expect(await session.leftovers()).toEqual([])
    })
  })

  test('another run does not see its records', async () => {
    await opened(rigOf(ledger).well, 'first', async (first) => {
      await first.prepare()
      await first.write(0, 1, soon())
      await opened(rigOf(ledger).well, 'second', async (second) => {
        await second.prepare()
        expect(await second.read('one', soon())).toEqual([])
        await second.scrub()
      })
      expect(await first.read('one', soon())).toHaveLength(1)
      await first.scrub()
    })
  })

  test('a write that nobody takes is a definite no', async () => {
    await opened(rigOf(ledger).down, 'down', async (session) => {
      expect(await session.write(0, 1, soon())).toMatchObject({ outcome: 'fail', code: 'ECONNREFUSED' })
    })
  })

  test('a write that the store refuses is a definite no', async () => {
    await opened(rigOf(ledger).well, 'refusing', async (session) => {
      await session.prepare()
      await opened(rigOf(ledger).refusing, 'refusing', async (refusing) => {
        if (ledger.name === 'postgres') await cluster.standby.query('select pg_sleep(0.2)')
        const { outcome, code } = await refusing.write(0, 1, soon())
        expect(outcome).toBe('fail')
        expect(code).toMatch(/^(?:25006|409)$/)
      })
      await session.scrub()
    })
  })

  test('a store that never answers does not hold a write beyond its signal, and nothing is claimed about it', async () => {
    await opened(rigOf(ledger).hanging, 'hanging', async (session) => {
      const began = performance.now()
      const { outcome } = await session.write(0, 1, AbortSignal.timeout(300))
      expect(performance.now() - began).toBeLessThan(1_000)
      expect(outcome).not.toBe('ok')
      if (ledger.name === 'http') expect(outcome).toBe('info')
    })
  })

  test('reading an unknown or unreachable node rejects, within its signal', async () => {
    await opened(rigOf(ledger).well, 'unknown', async (session) => {
      await expect(session.read('nowhere', soon())).rejects.toThrow('nowhere')
      await expect(session.read('one', AbortSignal.abort(new Error('too late')))).rejects.toThrow()
    })
  })
})

test('every ledger has a rig', () => {
  expect(known.length).toBeGreaterThan(0)
  expect(Object.keys(rigs).toSorted()).toEqual(known.map((ledger) => ledger.name).toSorted())
})

test('namespaces are identifiers, and two ledgers of a run never share one', () => {
  const names = ['orders', 'Orders', 'or-ders', 'or_ders', 'x'.repeat(80), `${'x'.repeat(79)}y`]
  const made = names.map((name) => namespaceOf('20261122-160000-abcd', name))
  expect(new Set(made).size).toBe(names.length)
  for (const one of made) expect(one).toMatch(/^[a-z_][a-z0-9_]{0,62}$/)
})
