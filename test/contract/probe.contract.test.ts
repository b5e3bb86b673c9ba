import { execFileSync } from 'node:child_process'
import { createSocket } from 'node:dgram'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer as createHttpServer } from 'node:http'
import { type AddressInfo, createServer as createTcpServer, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createServer as createTlsServer } from 'node:tls'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { systemClock } from '../../src/contracts/clock.ts'
import type { Context } from '../../src/contracts/context.ts'
import type { Json } from '../../src/domain/json.ts'
import { seconds } from '../../src/domain/time.ts'
import * as probes from '../../src/registry/probes.ts'
import { holdProbe, probes as kinds, type ProbeRig as Rig } from './probe-suite.ts'

const folder = mkdtempSync(join(tmpdir(), 'probe-'))
const ends: (() => void)[] = []
let rigs: Readonly<Record<string, Rig>>

const context: Context = {
  clock: systemClock(process.hrtime.bigint()),
  signal: new AbortController().signal,
  run: 'contract-run',
  lease: { file: '', epoch: 1 },
  env: { PATH: process.env['PATH'], TOKEN: 'sesame' },
  folder,
  note: () => {},
}

/** The port of a server on the loopback; ended with its connections after the suite. */
async function listen(server: Server): Promise<number> {
  const sockets = new Set<Socket>()
  server.on('connection', (socket: Socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
  })
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve)
  })
  ends.push(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return (server.address() as AddressInfo).port
}

async function freePort(): Promise<number> {
  const server = createTcpServer()
  const port = await listen(server)
  server.close()
  return port
}

/** A name server of one zone: `silent.test` is never answered, `gone.test` does not exist, the rest is 10.1.2.3. Counts questions. */
async function nameServer(): Promise<{ readonly port: number; readonly asked: () => number }> {
  const socket = createSocket('udp4')
  let asked = 0
  socket.on('message', (question, from) => {
    asked += 1
    if (question.includes('silent')) return
    const gone = question.includes('gone')
    const end = question.indexOf(0, 12) + 5
    const answer = Buffer.from([0xc0, 0x0c, 0, 1, 0, 1, 0, 0, 0x0e, 0x10, 0, 4, 10, 1, 2, 3])
    const header = Buffer.from([question[0] ?? 0, question[1] ?? 0, 0x81, gone ? 0x83 : 0x80, 0, 1, 0, gone ? 0 : 1, 0, 0, 0, 0])
    socket.send(Buffer.concat([header, question.subarray(12, end), gone ? Buffer.alloc(0) : answer]), from.port, from.address)
  })
  await new Promise<void>((resolve) => {
    socket.bind(0, '127.0.0.1', resolve)
  })
  ends.push(() => socket.close())
  return { port: socket.address().port, asked: () => asked }
}

const httpSpec = (url: string): { readonly [key: string]: Json } => ({
  url,
  method: 'GET',
  headers: { authorization: { env: 'TOKEN' } },
  freshDns: true,
  insecure: false,
  keepAlive: false,
})

async function httpRig(hole: number): Promise<Rig> {
  const port = await listen(
    createHttpServer((request, response) => {
      const known = request.headers['firedrill-run'] === 'contract-run' && request.headers.authorization === 'sesame'
      response.writeHead(known ? 200 : 401, { 'content-type': 'application/json' }).end('{"model": {"version": "1.10"}}')
    }),
  )
  const url = `http://127.0.0.1:${port}/`
  return {
    well: { spec: httpSpec(url), expect: { status: '2xx', json: [{ path: '$.model.version', equals: '1.10' }] } },
    down: { spec: httpSpec(`http://127.0.0.1:${await freePort()}/`), expect: { status: '2xx' } },
    hanging: { spec: httpSpec(`http://127.0.0.1:${hole}/`), expect: { status: '2xx' } },
    wrong: { spec: httpSpec(url), expect: { status: '2xx', json: [{ path: '$.model.version', equals: '2' }] } },
  }
}

async function tcpRig(hole: number): Promise<Rig> {
  const echo = await listen(createTcpServer((socket) => socket.pipe(socket)))
  const spec = { host: '127.0.0.1', port: echo, send: 'PING\r\n' }
  return {
    well: { spec, expect: { answer: { contains: 'PING' } } },
    down: { spec: { host: '127.0.0.1', port: await freePort() }, expect: {} },
    hanging: { spec: { host: '127.0.0.1', port: hole, send: 'x' }, expect: { answer: { contains: 'PONG' } } },
    wrong: { spec, expect: { answer: { contains: 'PONG' } } },
  }
}

async function tlsRig(hole: number): Promise<Rig> {
  const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')]
  const days = ['-days', '30', '-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1']
  execFileSync('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-keyout', key, '-out', cert, ...days], { stdio: 'ignore' })
  const port = await listen(createTlsServer({ key: readFileSync(key), cert: readFileSync(cert) }, (socket) => socket.on('error', () => {})))
  const spec = { host: '127.0.0.1', port, insecure: false, ca: 'cert.pem' }
  return {
    well: { spec, expect: { days: { min: 20 }, san: 'localhost', protocol: 'TLSv1.2' } },
    down: { spec: { ...spec, port: await freePort() }, expect: {} },
    hanging: { spec: { ...spec, port: hole }, expect: {} },
    wrong: { spec, expect: { days: { min: 60 } } },
  }
}

async function dnsRig(): Promise<Rig> {
  const { port } = await nameServer()
  const server = `127.0.0.1:${port}`
  return {
    well: { spec: { name: 'scoring.test', type: 'A', server }, expect: { address: '10.1.2.3' } },
    down: { spec: { name: 'gone.test', type: 'A', server }, expect: {} },
    hanging: { spec: { name: 'silent.test', type: 'A', server }, expect: {} },
    wrong: { spec: { name: 'scoring.test', type: 'A', server }, expect: { not: ['10.1.2.3'] } },
  }
}

const commandRig = (): Rig => ({
  well: {
    spec: { argv: ['sh', '-c', 'echo $FIREDRILL_RUN $T'], env: { T: { env: 'TOKEN' } } },
    expect: { exit: 0, stdout: { equals: 'contract-run sesame\n' } },
  },
  down: { spec: { argv: ['false'] }, expect: { exit: 0 } },
  hanging: { spec: { argv: ['sh', '-c', 'sleep 30 & echo $! > child; wait'] }, expect: { exit: 0 } },
  wrong: { spec: { argv: ['echo', 'no'] }, expect: { exit: 0, stdout: { contains: 'yes' } } },
})

beforeAll(async () => {
  const hole = await listen(createTcpServer(() => {}))
  rigs = { http: await httpRig(hole), tcp: await tcpRig(hole), tls: await tlsRig(hole), dns: await dnsRig(), command: commandRig() }
})
afterAll(() => {
  for (const end of ends) end()
  rmSync(folder, { recursive: true })
})

test('there are probes, and each has a rig', () => {
  expect(kinds.length).toBeGreaterThan(0)
  expect(Object.keys(rigs).toSorted()).toEqual(kinds.map(({ name }) => name).toSorted())
})

describe.each(kinds.map((probe) => [probe.name, probe] as const))('%s', (name, probe) => {
  holdProbe(probe, context, () => {
    const found = rigs[name]
    if (!found) throw new Error(`no rig for ${name}`)
    return found
  })
})

test('the command probe leaves no process behind after its timeout', async () => {
  writeFileSync(join(folder, 'child'), '')
  const session = await probes.command.open({ argv: ['sh', '-c', 'sleep 30 & echo $! > child; wait'] }, { exit: 0 }, context)
  await session.shoot(seconds(0.3))
  const pid = Number(readFileSync(join(folder, 'child'), 'utf8'))
  expect(pid).toBeGreaterThan(1)
  await expect.poll(() => isGone(pid)).toBe(true)
})

function isGone(pid: number): boolean {
  try {
    return / [ZX] /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'))
  } catch {
    return true
  }
}

test('the dns probe asks anew each time', async () => {
  const { port, asked } = await nameServer()
  const session = await probes.dns.open({ name: 'scoring.test', type: 'A', server: `127.0.0.1:${port}` }, {}, context)
  for (let i = 0; i < 5; i++) expect((await session.shoot(seconds(1))).outcome).toBe('full')
  expect(asked()).toBe(5)
})
