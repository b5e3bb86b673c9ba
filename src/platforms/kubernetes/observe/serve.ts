import { parentPort } from 'node:worker_threads'
import { systemClock } from '../../../contracts/clock.ts'
import type { Context } from '../../../contracts/context.ts'
import { DrillError, describe } from '../../../domain/error.ts'
import { EXIT } from '../../../domain/verdict.ts'
import { type Cluster, connect } from '../api/cluster.ts'
import { judgeOf } from './judge/judges.ts'
import type { Alive, ErrorData, Place, ToClient, ToWorker } from './messages.ts'
import { nameOf } from './questions.ts'
import { shoot } from './shoot.ts'
import { ALIVE_EVERY } from './silence.ts'
import { track } from './track.ts'

type Post = (message: ToClient) => void
type Open = Extract<ToWorker, { readonly do: 'open' }>

interface Session extends Open {
  readonly cluster: Cluster
  readonly context: Context
}

/** The worker's side: everything that needs the SDK happens here, where a pause of it delays nobody's probes. */
export function serveObserve(): void {
  const port = parentPort
  if (!port) throw new Error('observing runs on a thread of its own')
  const post: Post = (message) => port.postMessage(message)
  const live = (): void => port.postMessage({ is: 'alive' } satisfies Alive)
  live()
  setInterval(live, ALIVE_EVERY).unref()
  const ends = new Map<number, AbortController>()
  const sessions = new Map<number, Session>()
  const begin = (id: number, place: Place): Context => {
    const end = new AbortController()
    ends.set(id, end)
    return contextOf(place, end.signal, (text) => post({ is: 'note', id, text }))
  }
  const refuse = (id: number, error: unknown): void => post({ is: 'refused', id, error: errorData(error) })

  port.on('message', (message: ToWorker) => {
    const { id } = message
    switch (message.do) {
      case 'watch':
        void watchHere(message, begin(id, message.place), post).catch((error: unknown) => refuse(id, error))
        return
      case 'open':
        void openHere(message, begin(id, message.place)).then(
          (session) => {
            sessions.set(id, session)
            post({ is: 'open', id })
          },
          (error: unknown) => refuse(id, error),
        )
        return
      case 'shoot':
        void shootHere(sessions.get(id), message, post)
        return
      case 'end':
        ends.get(id)?.abort(new Error('nobody looks any more'))
        ends.delete(id)
        sessions.delete(id)
    }
  })
}

const contextOf = ({ monotonic, ...at }: Place, signal: AbortSignal, note: Context['note']): Context => ({
  ...at,
  clock: systemClock(monotonic),
  signal,
  note,
})

const errorData = (error: unknown): ErrorData =>
  error instanceof DrillError
    ? { message: error.message, code: error.code, exit: error.exit, next: error.next }
    : { message: describe(error), code: 'KUBERNETES', exit: EXIT.refused, next: ['kubectl cluster-info'] }

async function watchHere({ id, watched, every }: Extract<ToWorker, { readonly do: 'watch' }>, context: Context, post: Post): Promise<void> {
  const cluster = await connect(nameOf(watched), context)
  await track(judgeOf(watched), every, (seen) => post({ is: 'seen', id, seen }), cluster, context)
}

const openHere = async (message: Open, context: Context): Promise<Session> => ({
  ...message,
  context,
  cluster: await connect(nameOf(message.asked), context),
})

async function shootHere(
  session: Session | undefined,
  { id, shot, timeout }: Extract<ToWorker, { readonly do: 'shoot' }>,
  post: Post,
): Promise<void> {
  if (!session) return
  const { asked, expected, wantBody, cluster, context } = session
  const shown = await shoot(asked, expected, timeout, cluster, context)
  // A list of many endpoints stays here.
  post({ is: 'shot', id, shot, shown: wantBody ? shown : { ...shown, body: '' } })
}
