import type { Socket } from 'node:net'
import type { Pacer } from './pacer.ts'

/** How the bytes of one direction are held back. */
export interface Pace {
  /** Milliseconds that the next piece shall be held; drawn anew for each. */
  delay(): number
  readonly pacers: readonly Pacer[]
  /** Something was really held. */
  held(): void
}

/** What a tap lets through of a piece, and what happens once that is written. */
export interface Tapped {
  readonly pass: Buffer
  readonly then?: () => void
}

/** Bytes that wait in all flows of a proxy together. */
export interface Budget {
  queued: number
}

interface FlowOptions {
  readonly from: Socket
  readonly to: Socket
  readonly budget: Budget
  /** Sees every piece before it is written. */
  readonly tap: (piece: Buffer) => Tapped
}

/** One direction of a connection: what is read on one side is written on the other, at the pace that is set. */
export interface Flow {
  setPace(pace: Pace | null): void
  /** From now on everything that is read is thrown away, the end of the stream too. */
  swallow(seen: () => void): void
  stop(): void
}

type Item = { readonly due: number; data: Buffer } | { readonly due: number; readonly data: null }

/** A flow stops reading above its own limit, or above a small one when all flows together hold more than theirs. */
const OWN_LIMIT = 4 << 20
const SHARED_LIMIT = 64 << 20
const SMALL_LIMIT = 16 << 10

/** Joins `from` to `to`. Reading stops while the other side does not drain, so memory stays flat; a half-close is passed on. */
export function createFlow({ from, to, budget, tap }: FlowOptions): Flow {
  let items: Item[] = []
  let queued = 0
  let pace: Pace | null = null
  let timer: NodeJS.Timeout | undefined
  let blocked = false
  let lastDue = 0
  let booked: { readonly bytes: number; readonly at: number } | null = null
  let sink: (() => void) | null = null

  const account = (bytes: number): void => {
    queued += bytes
    budget.queued += bytes
  }
  const breathe = (): void => {
    const full = queued > OWN_LIMIT || (budget.queued > SHARED_LIMIT && queued > SMALL_LIMIT)
    if (sink === null && (blocked || full)) from.pause()
    else if (from.isPaused()) from.resume()
  }
  const write = (piece: Buffer): void => {
    if (!to.writable) return
    const { pass, then } = tap(piece)
    if (pass.length > 0 && !to.write(pass)) blocked = true
    then?.()
  }
  const wait = (until: number, now: number): void => {
    timer = setTimeout(
      () => {
        timer = undefined
        pump()
        breathe()
      },
      Math.max(0, until - now),
    )
  }
  const book = (data: Buffer, now: number): { readonly bytes: number; readonly at: number } => {
    const pacers = pace?.pacers ?? []
    const bytes = Math.min(data.length, ...pacers.map((pacer) => pacer.piece))
    return { bytes, at: Math.max(0, ...pacers.map((pacer) => pacer.reserve(bytes, now))) }
  }
  /** Sends what is due; false when something has to be waited for. */
  const sendHead = (head: Item): boolean => {
    const now = performance.now()
    if (head.due > now) return (wait(head.due, now), false)
    if (head.data === null) {
      items.shift()
      to.end()
      return true
    }
    booked ??= book(head.data, now)
    if (booked.at > now) return (pace?.held(), wait(booked.at, now), false)
    const piece = head.data.subarray(0, booked.bytes)
    head.data = head.data.subarray(booked.bytes)
    booked = null
    if (head.data.length === 0) items.shift()
    account(-piece.length)
    write(piece)
    return true
  }
  const pump = (): void => {
    if (timer !== undefined) return
    for (let head = items[0]; head !== undefined && !blocked; head = items[0]) if (!sendHead(head)) return
  }
  const put = (data: Buffer | null): void => {
    const delay = pace?.delay() ?? 0
    if (delay > 0) pace?.held()
    lastDue = Math.max(lastDue, performance.now() + delay)
    items.push({ due: delay > 0 || items.length > 0 ? lastDue : 0, data })
    account(data?.length ?? 0)
    pump()
  }
  const drop = (): void => {
    clearTimeout(timer)
    timer = undefined
    account(-queued)
    items = []
    booked = null
  }

  from.on('data', (chunk: Buffer) => {
    if (sink !== null) return sink()
    if (pace === null && items.length === 0) write(chunk)
    else put(chunk)
    if (blocked || items.length > 0) breathe()
  })
  from.on('end', () => {
    if (sink !== null) return
    if (pace === null && items.length === 0) to.end()
    else put(null)
  })
  to.on('drain', () => {
    blocked = false
    pump()
    breathe()
  })

  return {
    setPace(next) {
      pace = next
      booked = null
      if (next === null) {
        clearTimeout(timer)
        timer = undefined
        lastDue = 0
        items = items.map((item) => ({ ...item, due: 0 }))
        pump()
        breathe()
      }
    },
    swallow(seen) {
      sink = seen
      if (queued > 0) seen()
      drop()
      from.resume()
    },
    stop: drop,
  }
}
