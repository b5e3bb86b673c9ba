import { connect, createServer, type Socket } from 'node:net'
import { HOST } from '../layout.ts'

export interface WriteEndpoint {
  /** Where new connections go; the old ones are cut, because they lead elsewhere. null: nowhere. */
  point(port: number | null): void
}

/** The address clients write to. It follows the primary, and stands between clients and a primary that was fenced. */
export function openWriteEndpoint(port: number): Promise<WriteEndpoint> {
  let target: number | null = null
  const open = new Set<Socket>()
  const keep = (socket: Socket): void => {
    open.add(socket)
    socket.setNoDelay(true)
    socket.once('close', () => open.delete(socket))
  }
  const server = createServer((client) => {
    if (target === null) return client.resetAndDestroy()
    const upstream = connect({ host: HOST, port: target })
    for (const [one, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      keep(one)
      one.once('error', () => other.destroy()).once('close', () => other.destroy())
      one.pipe(other)
    }
  })
  const point = (to: number | null): void => {
    target = to
    for (const socket of open) socket.destroy()
  }
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, HOST, () => resolve({ point }))
  })
}
