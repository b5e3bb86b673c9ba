import { spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { join } from 'node:path'
import { proxyMain, readyLine } from '../../src/platforms/link/own.ts'
import { startControl } from '../../src/platforms/link/proxy/control.ts'
import { startProxy } from '../../src/platforms/link/proxy/proxy.ts'
import type { Address } from '../../src/platforms/link/rule.ts'

export interface TestServer extends AsyncDisposable {
  readonly address: Address
  readonly sockets: ReadonlySet<Socket>
}

/** A real TCP server; by default it sends back what it gets, and ends when the client does. */
export async function tcpServer(serve: (socket: Socket) => void = (socket) => socket.pipe(socket)): Promise<TestServer> {
  const sockets = new Set<Socket>()
  const server: Server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
    sockets.add(socket)
    socket.on('error', () => undefined).on('close', () => sockets.delete(socket))
    serve(socket)
  })
  server.listen({ port: 0, host: '127.0.0.1', backlog: 4096 })
  await once(server, 'listening')
  return {
    address: { host: '127.0.0.1', port: (server.address() as AddressInfo).port },
    sockets,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}

export interface TestLink extends AsyncDisposable {
  readonly port: number
  readonly control: string
  readonly pid: number
}

/** A real link process in front of an address; it ends with its scope, and with this process. */
export async function testLink(to: Address, folder: string, name = 'wire', log?: string): Promise<TestLink> {
  const control = join(folder, `${name}.sock`)
  const start = { name, listen: { host: '127.0.0.1', port: 0 }, to, control, dieWithStdin: true, ...(log === undefined ? {} : { log }) }
  const child = spawn(process.execPath, [proxyMain, JSON.stringify(start)], { stdio: ['pipe', 'pipe', 'pipe'] })
  const { port, pid } = await readyLine(child)
  return {
    port,
    control,
    pid,
    async [Symbol.asyncDispose]() {
      if (child.exitCode !== null || child.signalCode !== null) return
      const ended = once(child, 'exit')
      child.kill('SIGTERM')
      await ended
    },
  }
}

/** The same program in this process: quicker to start, for tests of what it does to connections. */
export async function innerLink(to: Address, folder: string): Promise<TestLink> {
  const control = join(folder, 'inner.sock')
  const listen = { host: '127.0.0.1', port: 0 }
  const proxy = await startProxy({ name: 'inner', instance: randomUUID(), listen, to, log: () => undefined })
  const server = await startControl(control, proxy)
  return {
    port: proxy.port,
    control,
    pid: process.pid,
    async [Symbol.asyncDispose]() {
      proxy.close()
      server.close()
      await once(server, 'close')
    },
  }
}
