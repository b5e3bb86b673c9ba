import { Worker } from 'node:worker_threads'
import { describe } from '../../../domain/error.ts'
import type { ToClient, ToWorker } from './messages.ts'

/** What one watch or session has of the worker. */
interface Line {
  readonly id: number
  post(message: ToWorker): void
  /** Lets go; the last one ends the worker, and it has ended when this resolves. Idempotent. */
  end(): Promise<void>
}

/** The way to a worker that is there while somebody needs it. */
export interface Link {
  /** `lost` is called once, if the worker ends while the line is held. */
  take(heard: (message: ToClient) => void, lost: (why: string) => void): Line
}

interface Held {
  readonly heard: (message: ToClient) => void
  readonly lost: (why: string) => void
}

interface Running {
  readonly worker: Worker
  readonly lines: Map<number, Held>
}

export function createLink(entry: URL): Link {
  let running: Running | undefined
  let ids = 0
  const start = (): Running => {
    const started: Running = { worker: new Worker(entry, { name: 'firedrill kubernetes observer' }), lines: new Map() }
    const lose = (why: string): void => {
      if (running === started) running = undefined
      const held = [...started.lines.values()]
      started.lines.clear()
      for (const { lost } of held) lost(why)
    }
    started.worker.on('message', (message: ToClient) => started.lines.get(message.id)?.heard(message))
    started.worker.on('error', (error) => lose(`the kubernetes observer's thread died: ${describe(error)}`))
    started.worker.on('exit', (code) => lose(`the kubernetes observer's thread ended (${code})`))
    return started
  }
  return {
    take(heard, lost) {
      running ??= start()
      const mine = running
      const id = ids++
      mine.lines.set(id, { heard, lost })
      return {
        id,
        post: (message) => mine.worker.postMessage(message),
        async end() {
          if (!mine.lines.delete(id)) return
          mine.worker.postMessage({ do: 'end', id } satisfies ToWorker)
          if (mine.lines.size > 0) return
          if (running === mine) running = undefined
          await mine.worker.terminate()
        },
      }
    },
  }
}
