import { createServer, type Server } from 'node:http'
import { connect } from 'node:net'
import { HOST, PORT_BLOCK, portsOf } from '../layout.ts'

/** Below every system's ephemeral range: a dead process's port is not given to somebody's outgoing connection meanwhile. */
const FIRST = 10_240
const BLOCKS = Math.floor((32_768 - FIRST) / PORT_BLOCK)
const TRIES = 60

const answers = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect({ host: HOST, port })
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false))
    socket.once('connect', () => socket.destroy())
  })

const listen = (server: Server, port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const failed = (): void => resolve(false)
    server.once('error', failed)
    server.listen(port, HOST, () => {
      server.off('error', failed)
      resolve(true)
    })
  })

/**
 * A block of ports for one sandbox. The supervisor's own server listens on the first one for its whole life, which keeps two
 * sandboxes that start at once out of each other's block.
 */
export async function reserveBlock(random: () => number = Math.random): Promise<{ readonly base: number; readonly server: Server }> {
  for (let attempt = 0; attempt < TRIES; attempt++) {
    const base = FIRST + Math.floor(random() * BLOCKS) * PORT_BLOCK
    const server = createServer()
    if (!(await listen(server, base))) continue
    const taken = await Promise.all(portsOf({ base }).slice(1).map(answers))
    if (!taken.includes(true)) return { base, server }
    server.close()
  }
  throw new Error('no free block of loopback ports was found')
}
