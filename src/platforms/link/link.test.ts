import { readFileSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { tempFolder, testLease } from '../../../test/kit/context.ts'
import { innerLink, tcpServer, testLink } from '../../../test/kit/link.ts'
import { runtimeFolder } from '../../cli/host/home.ts'
import { liftRule, linkState, putRule } from './client.ts'
import { linkDown, linksUp, linkUp } from './own.ts'
import type { Harm, RuleRequest } from './rule.ts'
import { linkFolder } from './where.ts'

const never = new AbortController().signal

const rule = (lease: string, harm: Harm, extra: Partial<RuleRequest> = {}): RuleRequest => ({
  id: 'r1',
  run: 'run',
  epoch: 1,
  harm,
  percent: 1,
  seed: 7,
  ttl: 30,
  lease,
  ...extra,
})

async function scene(serve?: (socket: Socket) => void, start: typeof testLink = innerLink) {
  const stack = new AsyncDisposableStack()
  const folder = stack.use(tempFolder())
  const lease = stack.use(testLease(folder.path))
  const server = stack.use(await tcpServer(serve))
  const link = stack.use(await start(server.address, folder.path))
  const state = async () => {
    const now = await linkState(link.control, never)
    if (now === undefined) throw new Error('the link is gone')
    return now
  }
  return {
    folder: folder.path,
    lease,
    server,
    link,
    state,
    put: (harm: Harm, extra?: Partial<RuleRequest>) => putRule(link.control, rule(lease.file, harm, extra), never),
    lift: (id = 'r1') => liftRule(link.control, id, never),
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  }
}

/** A client that keeps all it gets and how it ended. */
function client(port: number) {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true, allowHalfOpen: true })
  let got = ''
  let code: string | undefined
  socket.setEncoding('latin1').on('data', (text: string) => (got += text))
  socket.on('error', (error: NodeJS.ErrnoException) => (code = error.code))
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()))
  return {
    socket,
    got: () => got,
    code: () => code,
    closed,
    connected: new Promise<string>((resolve) => {
      socket.once('connect', () => resolve('connected')).once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? 'error'))
    }),
    async until(length: number, limit = 3000): Promise<number> {
      const began = performance.now()
      while (got.length < length && performance.now() - began < limit) await pause(1)
      return performance.now() - began
    },
  }
}

test('passes bytes and a half-close both ways, and counts them', async () => {
  await using at = await scene()
  const one = client(at.link.port)
  one.socket.end('hello')
  await one.closed
  expect(one.got()).toBe('hello')
  expect(one.code()).toBeUndefined()
  expect(await at.state()).toMatchObject({ connections: { seen: 1, open: 0, affected: 0 }, bytes: { up: 5, down: 5 } })
})

test('the answer comes in full when the client has closed its half long before', async () => {
  await using at = await scene((socket) => {
    socket.on('data', () => undefined).on('end', () => setTimeout(() => socket.end('x'.repeat(300_000)), 50))
  })
  const one = client(at.link.port)
  one.socket.end('question')
  await one.closed
  expect(one.got().length).toBe(300_000)
})

test('a reset on one side is a reset on the other; an other side that is not there is a reset', async () => {
  const gone = await tcpServer()
  const { address } = gone
  await gone[Symbol.asyncDispose]()
  using temp = tempFolder()
  await using link = await innerLink(address, temp.path)
  const refused = client(link.port)
  await refused.closed
  expect(refused.code()).toBe('ECONNRESET')

  await using at = await scene((socket) => socket.on('data', () => socket.resetAndDestroy()))
  const one = client(at.link.port)
  one.socket.write('x')
  await one.closed
  expect(one.code()).toBe('ECONNRESET')
})

test('cut: connections are reset, connects really refused, the port is kept, and all passes after', async () => {
  await using at = await scene()
  const old = client(at.link.port)
  old.socket.write('a')
  await old.until(1)
  await at.put({ kind: 'cut' })
  await old.closed
  expect(old.code()).toBe('ECONNRESET')
  for (let i = 0; i < 5; i++) expect(await client(at.link.port).connected).toBe('ECONNREFUSED')
  expect((await at.state()).rules[0]?.counters).toMatchObject({ considered: 1, affected: 1 })
  expect(await at.lift()).toBe(true)
  const fresh = client(at.link.port)
  fresh.socket.end('again')
  await fresh.closed
  expect(fresh.got()).toBe('again')
  expect(await at.lift()).toBe(false)
})

test('a cut can come and go many times', async () => {
  await using at = await scene()
  for (let i = 0; i < 15; i++) {
    await at.put({ kind: 'cut' }, { id: `r${i}` })
    expect(await client(at.link.port).connected).toBe('ECONNREFUSED')
    await at.lift(`r${i}`)
    const one = client(at.link.port)
    expect(await one.connected).toBe('connected')
    one.socket.destroy()
  }
})

test('percent picks the same connections for the same seed, about as many as asked', async () => {
  const picked: string[] = []
  for (const seed of [11, 11, 12]) {
    await using at = await scene()
    await at.put({ kind: 'cut' }, { percent: 0.2, seed })
    let pattern = ''
    for (let i = 0; i < 150; i++) {
      const one = client(at.link.port)
      one.socket.end('x')
      await one.closed
      pattern += one.got() === 'x' ? '.' : 'x'
    }
    const { affected, considered } = (await at.state()).rules[0]?.counters ?? { affected: 0, considered: 0 }
    expect(considered).toBe(150)
    expect(affected).toBe(pattern.replaceAll('.', '').length)
    expect(affected).toBeGreaterThan(12)
    expect(affected).toBeLessThan(52)
    picked.push(pattern)
  }
  expect(picked[0]).toBe(picked[1])
  expect(picked[0]).not.toBe(picked[2])
}, 20_000)

test('blackhole: accepted and never answered, existing ones stall, the other side hears nothing; reset when lifted', async () => {
  await using at = await scene()
  const old = client(at.link.port)
  old.socket.write('a')
  await old.until(1)
  await at.put({ kind: 'blackhole' })
  const fresh = client(at.link.port)
  expect(await fresh.connected).toBe('connected')
  fresh.socket.write('b')
  old.socket.write('c'.repeat(2_000_000))
  await pause(150)
  expect([old.got(), fresh.got(), old.code(), fresh.code()]).toEqual(['a', '', undefined, undefined])
  expect(at.server.sockets.size).toBe(1)
  expect((await at.state()).rules[0]?.counters).toMatchObject({ considered: 2, affected: 2 })
  await at.lift()
  await Promise.all([old.closed, fresh.closed])
  expect([old.code(), fresh.code()]).toEqual(['ECONNRESET', 'ECONNRESET'])
  const after = client(at.link.port)
  after.socket.end('d')
  await after.closed
  expect(after.got()).toBe('d')
})

test('delay: at least so much each way, in order, and let go at once when lifted', async () => {
  await using at = await scene()
  const one = client(at.link.port)
  one.socket.write('a')
  await one.until(1)
  await at.put({ kind: 'delay', latency: 0.1, jitter: 0.05 })
  const began = performance.now()
  for (const letter of 'bcdefgh') one.socket.write(letter)
  await one.until(8)
  const took = performance.now() - began
  expect(one.got()).toBe('abcdefgh')
  expect(took).toBeGreaterThanOrEqual(199)
  expect(took).toBeLessThan(600)
  await at.lift()
  await at.put({ kind: 'delay', latency: 5, jitter: 0 }, { id: 'r2' })
  one.socket.write('i')
  await pause(50)
  expect(one.got()).toBe('abcdefgh')
  await at.lift('r2')
  expect(await one.until(9)).toBeLessThan(500)
  one.socket.end()
  await one.closed
  expect(one.code()).toBeUndefined()
})

test('throttle: the rate is held for all connections together', async () => {
  const size = 150_000
  await using at = await scene((socket) => socket.end('x'.repeat(size)))
  await at.put({ kind: 'throttle', rate: 500_000 })
  const began = performance.now()
  const both = [client(at.link.port), client(at.link.port)]
  for (const one of both) one.socket.end()
  await Promise.all(both.map(({ closed }) => closed))
  const took = (performance.now() - began) / 1000
  expect(both.map((one) => one.got().length)).toEqual([size, size])
  expect((2 * size) / took).toBeLessThan(560_000)
  expect((2 * size) / took).toBeGreaterThan(350_000)
  expect((await at.state()).rules[0]?.counters.affected).toBe(2)
})

test('throttle: a process that is kept from running makes up for it', async () => {
  const size = 150_000
  await using at = await scene((socket) => socket.end('x'.repeat(size)))
  await at.put({ kind: 'throttle', rate: 250_000 })
  const began = performance.now()
  const one = client(at.link.port)
  one.socket.end()
  let open = true
  const closed = one.closed.then(() => (open = false))
  while (open) {
    await pause(30)
    const until = performance.now() + 120
    while (performance.now() < until);
  }
  await closed
  const took = (performance.now() - began) / 1000
  expect(one.got().length).toBe(size)
  // 0.6 s as it should be; three times that if what was missed were lost.
  expect(size / took).toBeLessThan(280_000)
  expect(size / took).toBeGreaterThan(140_000)
})

test('reset: in the middle of the answer, of the request, or once connected', async () => {
  await using at = await scene((socket) => socket.on('data', () => socket.write('0123456789')))
  await at.put({ kind: 'reset', after: 'answer', bytes: 4 })
  const answer = client(at.link.port)
  answer.socket.write('q')
  await answer.closed
  expect([answer.got(), answer.code()]).toEqual(['0123', 'ECONNRESET'])
  await at.lift()
  await at.put({ kind: 'reset', after: 'request', bytes: 1 }, { id: 'r2' })
  const request = client(at.link.port)
  request.socket.write('q')
  await request.closed
  expect(request.code()).toBe('ECONNRESET')
  await at.lift('r2')
  await at.put({ kind: 'reset', after: 'connect', bytes: 1 }, { id: 'r3' })
  const connected = client(at.link.port)
  await connected.closed
  expect(connected.code()).toBe('ECONNRESET')
})

test('a rule ends by itself at its time to live', async () => {
  await using at = await scene()
  await at.put({ kind: 'cut' }, { ttl: 0.3 })
  expect(await client(at.link.port).connected).toBe('ECONNREFUSED')
  await pause(450)
  const one = client(at.link.port)
  expect(await one.connected).toBe('connected')
  one.socket.destroy()
  expect((await at.state()).ended[0]).toMatchObject({ id: 'r1', why: 'ttl' })
})

test('a lost lease ends a rule, a newer epoch fences it, an older one is refused for good', async () => {
  await using at = await scene()
  await at.put({ kind: 'cut' })
  at.lease.renew(2)
  await pause(400)
  expect((await at.state()).ended.at(-1)).toMatchObject({ id: 'r1', why: 'fenced' })
  await expect(at.put({ kind: 'cut' }, { id: 'r2' })).rejects.toThrow(/newer epoch/)
  await at.put({ kind: 'cut' }, { id: 'r3', epoch: 2 })
  at.lease.lose(3.1)
  await pause(400)
  expect((await at.state()).ended.at(-1)).toMatchObject({ id: 'r3', why: 'lease-lost' })
  await expect(at.put({ kind: 'cut' }, { id: 'r4', epoch: 2 })).rejects.toThrow(/not renewed/)
  await expect(at.put({ kind: 'cut' }, { id: 'r5', epoch: 1 })).rejects.toThrow(/epoch 2 was seen/)
  const one = client(at.link.port)
  expect(await one.connected).toBe('connected')
  one.socket.destroy()
})

test('asking twice is asking once', async () => {
  await using at = await scene()
  await at.put({ kind: 'blackhole' }, { ttl: 0.4 })
  await pause(200)
  await at.put({ kind: 'blackhole' }, { ttl: 0.4 })
  expect((await at.state()).rules).toHaveLength(1)
  await pause(300)
  expect((await at.state()).rules).toHaveLength(0)
})

test('a reader who does not read holds the writer back, not the memory of the link', async () => {
  await using at = await scene((socket) => {
    socket.on('error', () => undefined)
    const fill = (): void => {
      while (socket.writable && socket.write(Buffer.alloc(1 << 20))) {}
    }
    socket.on('drain', fill)
    fill()
  }, testLink)
  const rss = (): number => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${at.link.pid}/status`, 'utf8'))?.[1]) / 1024
  const lazy = Array.from({ length: 20 }, () => connect(at.link.port, '127.0.0.1').pause())
  let down = -1
  // The buffers of the kernel fill up first: a few megabytes a connection.
  for (let i = 0; i < 40 && down !== (await at.state()).bytes.down; i++) {
    down = (await at.state()).bytes.down
    await pause(200)
  }
  expect((await at.state()).bytes.down).toBe(down)
  expect(down).toBeLessThan(20 * 12 * 2 ** 20)
  expect(rss()).toBeLessThan(250)
  for (const socket of lazy) socket.destroy()
})

test('costs less than a millisecond', async () => {
  await using at = await scene(undefined, testLink)
  const trip = async (port: number): Promise<number> => {
    const one = client(port)
    await one.connected
    const times: number[] = []
    for (let i = 1; i <= 300; i++) {
      const began = performance.now()
      one.socket.write('x')
      await new Promise<void>((resolve) => one.socket.once('data', () => resolve()))
      times.push(performance.now() - began)
    }
    one.socket.destroy()
    return times.toSorted((a, b) => a - b)[150] ?? Number.NaN
  }
  const direct = await trip(at.server.address.port)
  expect((await trip(at.link.port)) - direct).toBeLessThan(1)
})

test('a link of your own outlives whoever put it up, is found by name, and goes when told', async () => {
  using folder = tempFolder()
  await using server = await tcpServer()
  const log = join(folder.path, 'truth.ndjson')
  const up = { name: 'mine', listen: { host: '127.0.0.1', port: 0 }, to: server.address, log }
  const { port } = await linkUp(up, folder.path)
  await expect(linkUp(up, folder.path)).rejects.toThrow(/is up already/)
  await expect(linkUp({ ...up, name: 'other', listen: { host: '127.0.0.1', port } }, folder.path)).rejects.toThrow(/EADDRINUSE/)
  expect((await linksUp(folder.path)).map(({ name }) => name)).toEqual(['mine'])
  const one = client(port)
  one.socket.end('x')
  await one.closed
  expect(one.got()).toBe('x')
  expect(await linkDown('mine', folder.path)).toBe(true)
  expect(await linkDown('mine', folder.path)).toBe(false)
  expect(await linksUp(folder.path)).toEqual([])
  const events = readFileSync(log, 'utf8').trim().split('\n')
  expect(events.map((line) => JSON.parse(line).event)).toEqual(['started', 'stopped'])
})

test('a link is looked for where the program puts it', () => {
  using folder = tempFolder()
  for (const env of [{ XDG_RUNTIME_DIR: folder.path }, { XDG_RUNTIME_DIR: 'relative' }, {}])
    expect(linkFolder(env)).toBe(runtimeFolder(env))
})
