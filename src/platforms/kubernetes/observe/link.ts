import { Worker } from 'node:worker_threads'
import { describe } from '../../../domain/error.ts'
import type { Alive, ToClient, ToWorker } from './messages.ts'
import { createSilence, LOOK_EVERY } from './silence.ts'

/** What one watch or session has of the worker. */
export interface Line {
  readonly id: number
  post(message: ToWorker): void
  /** Lets go; the last one ends the worker, and it has ended when this resolves. Idempotent. */
  end(): Promise<void>
}

interface Holder {
  readonly heard: (message: ToClient) => void
  /** Called once, if the worker ends or falls silent while the line is held. */
  readonly lost: (why: string) => void
  /** Told by the one that has a lost worker replaced. */
  readonly note: (text: string) => void
}

/** The way to a worker that is there while somebody needs it. */
export interface Link {
  /** Throws when the worker was lost so often that it is not replaced once more. */
  take(holder: Holder): Line
}

interface Running {
  readonly worker: Worker
  readonly lines: Map<number, Holder>
  readonly watching: NodeJS.Timeout
}

/** What loses one worker after the other is not cured by yet another one. */
const REPLACEMENTS = 3

/** A worker whose end, or silence, is told to `lose`. */
function start(entry: URL, lose: (one: Running, why: string) => void): Running {
  const worker = new Worker(entry, { name: 'firedrill kubernetes observer' })
  const silence = createSilence(() => performance.now())
  const watching = setInterval(() => {
    if (!silence.look()) return
    lose(started, 'the kubernetes observer’s thread hangs')
    void worker.terminate()
  }, LOOK_EVERY)
  watching.unref()
  const started: Running = { worker, lines: new Map(), watching }
  worker.on('message', (message: ToClient | Alive) => {
    silence.heard()
    if (message.is !== 'alive') started.lines.get(message.id)?.heard(message)
  })
  worker.on('error', (error) => lose(started, `the kubernetes observer’s thread died: ${describe(error)}`))
  worker.on('exit', (code) => lose(started, `the kubernetes observer’s thread ended (${code})`))
  return started
}

export function createLink(entry: URL): Link {
  let running: Running | undefined
  let ids = 0
  let replaced = 0
  /** Why the last one was lost, until it is replaced. */
  let missing: string | undefined
  const end = (one: Running): void => {
    clearInterval(one.watching)
    if (running === one) running = undefined
  }
  const lose = (one: Running, why: string): void => {
    if (running === one) missing = why
    end(one)
    const held = [...one.lines.values()]
    one.lines.clear()
    for (const { lost } of held) lost(why)
  }
  const startOrReplace = (note: Holder['note']): Running => {
    if (missing !== undefined) {
      if (replaced === REPLACEMENTS) throw new Error(`${missing}; it was replaced ${REPLACEMENTS} times and is not again`)
      replaced += 1
      note(`${missing}: replaced (${replaced} of at most ${REPLACEMENTS})`)
      missing = undefined
    }
    return start(entry, lose)
  }
  return {
    take(holder) {
      running ??= startOrReplace(holder.note)
      const mine = running
      const id = ids++
      mine.lines.set(id, holder)
      return {
        id,
        post: (message) => mine.worker.postMessage(message),
        async end() {
          if (!mine.lines.delete(id)) return
          mine.worker.postMessage({ do: 'end', id } satisfies ToWorker)
          if (mine.lines.size > 0) return
          end(mine)
          await mine.worker.terminate()
        },
      }
    },
  }
}
