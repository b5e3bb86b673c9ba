import { connect, createServer, type Server, type Socket } from 'node:net'

/** The listening end of a link. It can be shut so that a connect is really refused, and keeps its port meanwhile. */
export interface Gate {
  readonly port: number
  readonly isOpen: () => boolean
  readonly shut: () => Promise<void>
  /** Resolves when connects are accepted again; until then it tries, as long as it takes. */
  readonly open: () => Promise<void>
  readonly close: () => void
}

interface Options {
  readonly host: string
  readonly port: number
  readonly accept: (client: Socket) => void
}

/** How often a port that somebody else took meanwhile is tried again, milliseconds. */
const RETRY = 20

const listen = (server: Server, host: string, port: number): Promise<void> =>
  new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen({ host, port, backlog: 1024 }, () => {
      server.off('error', reject)
      // A descriptor that could not be had for one client is no reason to stop.
      server.on('error', () => undefined)
      resolve()
    })
  })

const portOf = (server: Server): number => {
  const address = server.address()
  return typeof address === 'object' && address !== null ? address.port : 0
}

/**
 * A socket that is bound to the port but does not listen: a connect to it is refused, and the system hands the port to nobody. It is the
 * client's end of a connection to a helper of our own, because a bound socket alone cannot be had here.
 */
async function holdPort(host: string, port: number): Promise<() => void> {
  const helper = createServer((socket) => socket.on('error', () => undefined).resume())
  const local = host.includes(':') ? '::1' : '127.0.0.1'
  await listen(helper, local, 0)
  const holder = connect({ host: local, port: portOf(helper), localAddress: host, localPort: port })
  // Without the hold the port may be lost to somebody else for a while; opening then tries until it is free.
  holder.on('error', () => undefined)
  await new Promise((resolve) => holder.once('connect', resolve).once('close', resolve))
  return () => {
    holder.resetAndDestroy()
    helper.close()
  }
}

/** Listens on host and port (0: any free one, then always the same). Rejects when the port cannot be had. */
export async function openGate({ host, port: asked, accept }: Options): Promise<Gate> {
  let server: Server | null = null
  let release: () => void = () => undefined
  const start = async (port: number): Promise<number> => {
    const next = createServer({ allowHalfOpen: true, pauseOnConnect: true, noDelay: true }, accept)
    await listen(next, host, port)
    server = next
    return portOf(next)
  }
  const port = await start(asked)
  return {
    port,
    isOpen: () => server !== null,
    async shut() {
      server?.close()
      server = null
      release = await holdPort(host, port)
    },
    async open() {
      // Where a bound but silent socket does not stand in the way, there is no gap; elsewhere the hold is let go of first.
      await start(port).catch(() => undefined)
      release()
      while (server === null) {
        await new Promise((resolve) => setTimeout(resolve, RETRY))
        await start(port).catch(() => undefined)
      }
    },
    close() {
      server?.close()
      release()
    },
  }
}
