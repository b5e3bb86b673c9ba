import { extname } from 'node:path'
import type { Context } from '../../../contracts/context.ts'
import type { SignalSeen } from '../../../contracts/signal.ts'
import { DrillError, describe } from '../../../domain/error.ts'
import type { Seconds } from '../../../domain/time.ts'
import { createLink, type Line, type Link } from './link.ts'
import type { Place, Shown, ToClient } from './messages.ts'
import type { Asked, Watched } from './questions.ts'
import type { Expected } from './shoot.ts'
import { createStory } from './story.ts'

/** Looks at clusters from a thread that may not load an SDK: a worker does, one for all that look, for as long as somebody does. */
export interface Eye {
  /** As `Signal.watch`. Unknown from the loss of the worker until another one has looked, and after the death of the watch itself. */
  watch(watched: Watched, every: Seconds, seen: (what: SignalSeen) => void, context: Context): Promise<void>
  /** Rejects with a DrillError when the kubeconfig is no good; an API server that is not there is for the shots to find out. */
  open(asked: Asked, expected: Expected, wantBody: boolean, context: Context): Promise<Sight>
}

export interface Sight {
  /** Never rejects. Without a word of the worker until a moment after `timeout`, or when it died: code `local:observer`. */
  shoot(timeout: Seconds): Promise<Shown>
  close(): Promise<void>
}

/** The worker gives up at the timeout itself; beyond this, milliseconds, it is the worker that is late. */
const GRACE = 100

/** Our clock's zero on CLOCK_MONOTONIC: the reading that was least disturbed by what else this thread does. */
function zeroOf({ clock }: Context): bigint {
  const readings = Array.from({ length: 5 }, () => {
    const before = process.hrtime.bigint()
    const now = clock.now()
    const took = process.hrtime.bigint() - before
    return { took, zero: before + took / 2n - BigInt(Math.round(now * 1e9)) }
  })
  return readings.reduce((best, each) => (each.took < best.took ? each : best)).zero
}

const placeOf = (context: Context): Place => {
  const { run, lease, env, folder } = context
  return { run, lease, env, folder, monotonic: zeroOf(context) }
}

const errorOf = ({ error }: Extract<ToClient, { readonly is: 'refused' }>): DrillError => new DrillError(error.message, error)

/** `entry`: a module that calls `serveObserve`. */
export function createEye(entry: URL): Eye {
  const link = createLink(entry)
  return {
    watch: (watched, every, seen, context) => watchOver(link, watched, every, seen, context),
    async open(asked, expected, wantBody, context) {
      const start = () => openOver(link, asked, expected, wantBody, context)
      return sightOf(await start(), start, context)
    },
  }
}

/** Watches over one worker after the other until the signal aborts. */
async function watchOver(link: Link, watched: Watched, every: Seconds, seen: (what: SignalSeen) => void, context: Context): Promise<void> {
  const { clock, signal } = context
  const over = Promise.withResolvers<void>()
  const story = createStory(watched.kind, seen, () => clock.now())
  let began = false
  let line: Line | undefined
  const heard = (message: ToClient): void => {
    if (message.is === 'note') context.note(message.text)
    if (message.is === 'refused' && !began) over.reject(errorOf(message))
    if (message.is === 'refused' && began) story.lost(message.error.message)
    if (message.is !== 'seen') return
    began = true
    story.hear(message.seen)
  }
  const take = (): void => {
    line = link.take({ heard, lost, note: (text) => context.note(text) })
    line.post({ do: 'watch', id: line.id, place: placeOf(context), watched, every })
  }
  const lost = (why: string): void => {
    story.lost(why)
    try {
      if (!signal.aborted) take()
    } catch (error) {
      context.note(describe(error))
    }
  }
  take()
  const end = (): void => over.resolve()
  if (signal.aborted) end()
  else signal.addEventListener('abort', end, { once: true })
  try {
    await over.promise
  } finally {
    signal.removeEventListener('abort', end)
    await line?.end()
  }
}

interface OpenLine {
  readonly isDead: () => boolean
  shoot(timeout: Seconds): Promise<Shown>
  end(): Promise<void>
}

async function openOver(link: Link, asked: Asked, expected: Expected, wantBody: boolean, context: Context): Promise<OpenLine> {
  const ready = Promise.withResolvers<void>()
  const waiting = new Map<number, (shown: Shown | undefined) => void>()
  let dead = false
  let shots = 0
  const line = link.take({
    heard(message) {
      if (message.is === 'shot') waiting.get(message.shot)?.(message.shown)
      else if (message.is === 'open') ready.resolve()
      else if (message.is === 'note') context.note(message.text)
      else if (message.is === 'refused') ready.reject(errorOf(message))
    },
    lost(why) {
      dead = true
      ready.reject(new Error(why))
      for (const settle of waiting.values()) settle(undefined)
    },
    note: (text) => context.note(text),
  })
  line.post({ do: 'open', id: line.id, place: placeOf(context), asked, expected, wantBody })
  await ready.promise.catch(async (error: unknown) => {
    await line.end()
    throw error
  })
  const shoot = (timeout: Seconds): Promise<Shown> => {
    const shot = shots++
    const start = context.clock.now()
    return new Promise((resolve) => {
      const settle = (shown: Shown | undefined): void => {
        clearTimeout(timer)
        waiting.delete(shot)
        resolve(shown ?? notSeen(start, context))
      }
      const timer = setTimeout(settle, timeout * 1000 + GRACE, undefined)
      waiting.set(shot, settle)
      line.post({ do: 'shoot', id: line.id, shot, timeout })
    })
  }
  return { isDead: () => dead, shoot, end: () => line.end() }
}

/** Our own trouble, which says nothing about the cluster: the prober counts it as missed. */
const notSeen = (start: Shown['start'], { clock }: Context): Shown => ({
  start,
  end: clock.now(),
  outcome: 'failed',
  code: 'local:observer',
  body: '',
})

/** A worker that was lost is replaced for the next shot; those that find it gone have not seen anything. */
function sightOf(first: OpenLine, start: () => Promise<OpenLine>, context: Context): Sight {
  let line = first
  let again: Promise<void> | undefined
  let noted = ''
  const cannot = (error: unknown): void => {
    const text = `the kubernetes observer cannot be started again: ${describe(error)}`
    // Of every shot from now on it would be the same.
    if (text !== noted) context.note(text)
    noted = text
  }
  const revive = async (): Promise<void> => {
    await line.end()
    line = await start()
  }
  return {
    shoot(timeout) {
      if (!line.isDead()) return line.shoot(timeout)
      again ??= revive()
        .catch(cannot)
        .finally(() => {
          again = undefined
        })
      return Promise.resolve(notSeen(context.clock.now(), context))
    },
    async close() {
      await again
      await line.end()
    },
  }
}

/** The one eye of this process's thread; source beside source, built beside built. */
export const kubernetesEye: Eye = createEye(new URL(`./observe-main${extname(import.meta.url)}`, import.meta.url))
