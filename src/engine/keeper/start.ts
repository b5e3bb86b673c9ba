import { Worker } from 'node:worker_threads'
import type { Keeper, KeeperEvents, KeeperPlan, StartKeeper } from '../../contracts/keeper.ts'
import { DrillError, describe } from '../../domain/error.ts'
import { EXIT } from '../../domain/verdict.ts'
import type { Call, Calls, Failure, KeeperData, Tell } from './messages.ts'

/** Longer than any driver's import blocks the thread; the thread beats four times a second. */
const SILENCE_MS = 3_000

/** `entry`: the module that calls `serveKeeper` with a registry. */
export const startKeeper =
  (entry: URL): StartKeeper =>
  (plan, events) =>
    begin(entry, plan, events)

interface Waiting {
  readonly resolve: (value: Calls[Call]['answer']) => void
  readonly reject: (error: unknown) => void
}

interface Thread {
  readonly worker: Worker
  readonly waiting: Map<number, Waiting>
  readonly events: KeeperEvents
  readonly ready: PromiseWithResolvers<void>
  heard: number
  ended: boolean
}

async function begin(entry: URL, plan: KeeperPlan, events: KeeperEvents): Promise<Keeper> {
  const worker = new Worker(entry, { workerData: { keeper: plan } satisfies KeeperData, stdin: false })
  const thread: Thread = {
    worker,
    waiting: new Map(),
    events,
    ready: Promise.withResolvers<void>(),
    heard: performance.now(),
    ended: false,
  }
  worker.on('message', (message: Tell) => listen(thread, message))
  worker.on('error', (error) => gone(thread, `the keeper's thread failed: ${describe(error)}`))
  worker.on('exit', (code) => gone(thread, `the keeper's thread ended with code ${code}`))
  const watch = watchSilence(thread)
  try {
    await thread.ready.promise
  } catch (error) {
    thread.ended = true
    clearInterval(watch)
    await worker.terminate()
    throw error
  }
  return keeperOf(thread, watch)
}

function keeperOf(thread: Thread, watch: NodeJS.Timeout): Keeper {
  let ids = 0
  const call = <C extends Call>(name: C, ask: Calls[C]['ask']): Promise<Calls[C]['answer']> =>
    new Promise((resolve, reject) => {
      if (thread.ended) return reject(lostError('the keeper is not running'))
      const id = ++ids
      thread.waiting.set(id, { resolve, reject })
      thread.worker.postMessage({ ...ask, id, call: name })
    })
  return {
    quiesce: async (ledger) => void (await call('quiesce', { ledger })),
    resume: (ledger) => void call('resume', { ledger }).catch((error: unknown) => thread.events.note(describe(error))),
    read: (ledger, when) => call('read', { ledger, when }),
    agree: (ledger) => call('agree', { ledger }),
    scrub: () => call('scrub', {}),
    stop: async () => {
      clearInterval(watch)
      if (thread.ended) return
      const stopped = call('stop', {})
      // From here on the end of the thread is what was asked for, even when it comes in one breath with the answer.
      thread.ended = true
      await stopped
      await thread.worker.terminate()
    },
  }
}

function listen(thread: Thread, message: Tell): void {
  thread.heard = performance.now()
  switch (message.kind) {
    case 'ready':
      return thread.ready.resolve()
    case 'failed':
      return thread.ready.reject(errorOf(message.failure))
    case 'answer':
      thread.waiting.get(message.id)?.resolve(message.value)
      thread.waiting.delete(message.id)
      return
    case 'refused':
      thread.waiting.get(message.id)?.reject(errorOf(message.failure))
      thread.waiting.delete(message.id)
      return
    case 'tally':
      return thread.events.tally(message.tally)
    case 'note':
      return thread.events.note(message.text)
    case 'lost':
      return thread.events.lost(message.why)
    case 'beat':
      return
    default:
      return message satisfies never
  }
}

function gone(thread: Thread, why: string): void {
  thread.ready.reject(lostError(why))
  for (const { reject } of thread.waiting.values()) reject(lostError(why))
  thread.waiting.clear()
  if (thread.ended) return
  thread.ended = true
  thread.events.lost(why)
}

/** A main thread that was itself blocked has unread beats in its queue: silence counts only when it is still there a turn later. */
function watchSilence(thread: Thread): NodeJS.Timeout {
  const silent = (): boolean => performance.now() - thread.heard > SILENCE_MS
  let told = false
  const watch = setInterval(() => {
    if (!silent()) return
    setTimeout(() => {
      if (told || thread.ended || !silent()) return
      told = true
      thread.events.lost(`the keeper's thread has been silent for ${SILENCE_MS / 1000} s`)
    }, 50)
  }, 500)
  watch.unref()
  return watch
}

const errorOf = ({ message, code, exit, next }: Failure): DrillError => new DrillError(message, { code, exit, next })
const lostError = (why: string): DrillError => new DrillError(why, { code: 'KEEPER_LOST', exit: EXIT.error })
