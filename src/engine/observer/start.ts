import { Worker } from 'node:worker_threads'
import type { Observer, ObserverEvents, ObserverSummary, StartObserver } from '../../contracts/observer.ts'
import { DrillError, describe } from '../../domain/error.ts'
import { EXIT } from '../../domain/verdict.ts'
import { beatNow, type ObserverData, type ToMain, type ToThread } from './messages.ts'

/** Silence of the thread that counts as its death, milliseconds. */
const SILENCE = 1_000
const LOOK = 200

/** A starter of observers whose thread runs `entry`, a module that calls `serveObserver`. */
export const startObserver =
  (entry: URL): StartObserver =>
  async (plan, events) => {
    const beat = new SharedArrayBuffer(4)
    const data: ObserverData = { plan, beat }
    const worker = new Worker(entry, { workerData: data, name: 'firedrill observer' })
    const link = connect(worker, events, new Int32Array(beat))
    await link.ready
    return observerOf(link)
  }

interface Link {
  readonly ready: Promise<void>
  ask(what: ToThread['do']): Promise<ObserverSummary | null>
  close(): Promise<void>
}

function connect(worker: Worker, events: ObserverEvents, beat: Int32Array): Link {
  const ready = Promise.withResolvers<void>()
  const answers = new Map<number, PromiseWithResolvers<ObserverSummary | null>>()
  let next = 1
  let over = false
  let watching: (() => void) | undefined

  const lose = (why: string): void => {
    if (over) return
    over = true
    for (const answer of answers.values()) answer.reject(new Error(why))
    // Before it was ready it is a start that failed; afterwards nobody is watching any more.
    if (!watching) return ready.reject(new DrillError(why, { code: 'OBSERVER', exit: EXIT.error }))
    watching()
    events.lost(why)
  }
  worker.on('message', (message: ToMain) => {
    switch (message.event) {
      case 'ready':
        watching = watchBeat(beat, lose)
        return ready.resolve()
      case 'refused':
        over = true
        return ready.reject(new DrillError(message.error.message, message.error))
      case 'lost':
        return lose(message.why)
      case 'answer':
        // The summary is its last word: the end of the thread may come in the same breath, and is no loss.
        if (message.summary) over = true
        answers.get(message.id)?.resolve(message.summary)
        answers.delete(message.id)
        return
      default:
        deliver(events, message)
    }
  })
  worker.on('error', (error) => lose(`the observer's thread died: ${describe(error)}`))
  worker.on('exit', (code) => lose(`the observer's thread ended (${code})`))

  return {
    ready: ready.promise,
    ask(what) {
      if (over) return Promise.reject(new Error('the observer is gone'))
      const answer = Promise.withResolvers<ObserverSummary | null>()
      const id = next++
      answers.set(id, answer)
      const message: ToThread = { id, do: what }
      worker.postMessage(message)
      return answer.promise
    },
    async close() {
      over = true
      watching?.()
      await worker.terminate()
    },
  }
}

function deliver(events: ObserverEvents, message: Extract<ToMain, { readonly args: unknown }>): void {
  switch (message.event) {
    case 'samples':
      return events.samples(...message.args)
    case 'signal':
      return events.signal(...message.args)
    case 'breach':
      return events.breach(...message.args)
    case 'loadFull':
      return events.loadFull()
    case 'loadEnded':
      return events.loadEnded(...message.args)
    case 'note':
      return events.note(...message.args)
  }
}

/**
 * The thread writes the time of its last sign of life into shared memory, so that a busy main thread does not take its own queue for
 * the thread's silence. When this thread itself stood still (a stopped process), the other is given its time again.
 */
function watchBeat(beat: Int32Array, lose: (why: string) => void): () => void {
  Atomics.store(beat, 0, beatNow())
  let lookedAt = beatNow()
  let from = 0
  const timer = setInterval(() => {
    const now = beatNow()
    if (now - lookedAt > LOOK * 3) from = now
    lookedAt = now
    const silent = now - Math.max(from, Atomics.load(beat, 0))
    if (silent > SILENCE) lose(`the observer's thread has not been heard of for ${silent} ms`)
  }, LOOK)
  return () => clearInterval(timer)
}

function observerOf(link: Link): Observer {
  const quietly = (what: ToThread['do']): void => {
    // A thread that is gone is reported by `lost`, once.
    link.ask(what).catch(() => {})
  }
  return {
    arm: () => quietly('arm'),
    disarm: () => quietly('disarm'),
    async flush() {
      await link.ask('flush')
    },
    async stopLoad() {
      await link.ask('stopLoad')
    },
    async stop() {
      try {
        return (await link.ask('stop')) ?? { slip: {} }
      } catch {
        return { slip: {} }
      } finally {
        await link.close()
      }
    },
  }
}
