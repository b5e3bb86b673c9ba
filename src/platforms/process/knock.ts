import { connect } from 'node:net'
import type { Seconds } from '../../domain/time.ts'
import type { Listener } from './ports.ts'

/** What a fresh connect says: `silent` when neither answer came in time. */
export type Knock = 'accepted' | 'refused' | 'silent'

/** Connects once and leaves at once. Never rejects. */
export function knock({ host, port }: Listener, timeout: Seconds): Promise<Knock> {
  return new Promise((resolve) => {
    const socket = connect({ host, port })
    const end = (what: Knock): void => {
      clearTimeout(timer)
      socket.destroy()
      resolve(what)
    }
    const timer = setTimeout(end, timeout * 1000, 'silent')
    socket.once('connect', () => end('accepted'))
    socket.on('error', (error: NodeJS.ErrnoException) => end(error.code === 'ECONNREFUSED' ? 'refused' : 'silent'))
  })
}
