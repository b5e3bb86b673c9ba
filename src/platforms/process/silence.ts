import { connect } from 'node:net'
import type { Context } from '../../contracts/context.ts'
import { seconds } from '../../domain/time.ts'
import { type Listener, unaccepted } from './ports.ts'

/** A healthy server accepts within microseconds; this long unaccepted is a hang, seconds. */
const PATIENCE = seconds(0.1)

/**
 * Whether nobody accepts on the port any more. The kernel completes a connect for a hung process, so the connect alone says nothing: what
 * counts is that the connection still waits in the queue of those that nobody took. False where the system does not tell.
 */
export function isUnanswered({ host, port }: Listener, { clock, signal }: Context): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port })
    const end = (what: boolean): void => {
      socket.destroy()
      resolve(what)
    }
    socket.once('error', () => end(false))
    socket.once('connect', () => {
      clock.sleep(PATIENCE, signal).then(
        () => end((unaccepted(port) ?? 0) > 0),
        () => end(false),
      )
    })
  })
}
