import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Json } from '../../src/domain/json.ts'
import * as signals from '../../src/registry/signals.ts'
import { EVERY, holdSignal, signals as kinds, type SignalRig as Rig, watching } from './signal-suite.ts'

const ends: (() => void)[] = []
let rigs: Readonly<Record<string, () => Promise<Rig>>>

async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve)
  })
  ends.push(() => {
    server.closeAllConnections()
    server.close()
  })
  return (server.address() as AddressInfo).port
}

async function freePort(): Promise<number> {
  const server = createServer()
  const port = await listen(server)
  server.close()
  return port
}

async function polled(spec: (url: string) => Json, page: (firing: boolean) => readonly [number, string]): Promise<Rig> {
  let firing = false
  const port = await listen(
    createServer((_, response) => {
      const [status, body] = page(firing)
      response.writeHead(status).end(body)
    }),
  )
  return {
    spec: spec(`http://127.0.0.1:${port}/`),
    within: EVERY + 0.6,
    async flip(to) {
      firing = to
    },
  }
}
const common = { method: 'GET', headers: {}, freshDns: true, insecure: false }

beforeAll(() => {
  rigs = {
    http: () =>
      polled(
        (url) => ({ url, ...common, quiet: { status: '2xx' } }),
        (firing) => [firing ? 503 : 200, 'ok'],
      ),
    prometheus: () =>
      polled(
        (url) => ({ url, ...common, metric: 'backend_up', labels: { region: 'eu' }, firing: { max: 0 }, absent: 'unknown' }),
        (firing) => [200, `# TYPE backend_up gauge\nbackend_up{region="us"} 0\nbackend_up{zone="a",region="eu"} ${firing ? 0 : 1}\n`],
      ),
    webhook: async () => {
      const port = await freePort()
      return {
        spec: { port, host: '127.0.0.1', path: '/hook', match: { alertname: 'ScoringDown' } },
        within: 0.6,
        async flip(firing) {
          const alerts = [
            { status: firing ? 'firing' : 'resolved', labels: { alertname: 'ScoringDown' } },
            { status: 'firing', labels: { alertname: 'Other' } },
          ]
          await fetch(`http://127.0.0.1:${port}/hook`, { method: 'POST', body: JSON.stringify({ status: 'firing', alerts }) })
        },
      }
    },
  }
})
afterAll(() => {
  for (const end of ends) end()
})

test('there are signals, and each has a rig', () => {
  expect(kinds.length).toBeGreaterThan(0)
  expect(Object.keys(rigs).toSorted()).toEqual(kinds.map(({ name }) => name).toSorted())
})

describe.each(kinds.map((signal) => [signal.name, signal] as const))('%s', (name, signal) => {
  holdSignal(signal, async () => {
    const make = rigs[name]
    if (!make) throw new Error(`no rig for ${name}`)
    return make()
  })
})

test('a detector that cannot be reached has no opinion', async () => {
  const { seen, over, stop } = watching(signals.http, {
    url: `http://127.0.0.1:${await freePort()}/`,
    ...common,
    firing: { status: '503' },
  })
  await expect.poll(() => seen.map((one) => one.state)).toEqual(['unknown'])
  expect(seen[0]?.detail).toContain('ECONNREFUSED')
  stop()
  await over
})

test('a port in use is refused by name', async () => {
  const port = await listen(createServer())
  const { over } = watching(signals.webhook, { port, host: '127.0.0.1', path: '/', match: {} })
  await expect(over).rejects.toMatchObject({ code: 'PORT_IN_USE', exit: 4 })
})

test('what is not meant, or not JSON, changes nothing', async () => {
  const port = await freePort()
  const { seen, over, stop } = watching(signals.webhook, { port, host: '127.0.0.1', path: '/hook', match: { alertname: 'A' } })
  await expect.poll(() => seen.length).toBe(1)
  const post = async (path: string, body: string) => (await fetch(`http://127.0.0.1:${port}${path}`, { method: 'POST', body })).status
  expect(await post('/hook', '{not json')).toBe(400)
  expect(await post('/elsewhere', '{"alertname": "A"}')).toBe(404)
  expect(await post('/hook', '{"alertname": "B"}')).toBe(200)
  expect(seen).toHaveLength(1)
  stop()
  await over
})
