import type { Socket } from 'node:net'
import { type Budget, createLine, drop, type Line, type Pace, put, resume, setPace } from './line.ts'

/** What a tap lets through of a piece, and what happens once that is handed over. */
export interface Tapped {
  readonly pass: Buffer
  readonly after?: () => void
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
  readonly setPace: (pace: Pace | null) => void
  /** From now on everything that is read is thrown away, the end of the stream too. */
  readonly swallow: (seen: () => void) => void
  readonly stop: () => void
}

/** A flow stops reading above its own limit, or above a small one when all flows together hold more than theirs. */
const OWN_LIMIT = 4 << 20
const SHARED_LIMIT = 64 << 20
const SMALL_LIMIT = 16 << 10

const isFull = ({ queued, budget, blocked }: Line): boolean =>
  blocked || queued > OWN_LIMIT || (budget.queued > SHARED_LIMIT && queued > SMALL_LIMIT)

/** Joins `from` to `to`. Reading stops while the other side does not drain, so memory stays flat; a half-close is passed on. */
export function createFlow({ from, to, budget, tap }: FlowOptions): Flow {
  let sink: (() => void) | null = null
  const breathe = (): void => {
    if (sink === null && isFull(line)) from.pause()
    else if (from.isPaused() && !to.connecting) from.resume()
  }
  const write = (piece: Buffer): boolean => {
    if (!to.writable) return true
    const { pass, after } = tap(piece)
    const more = pass.length === 0 || to.write(pass)
    after?.()
    return more
  }
  const line = createLine({ budget, write, end: () => to.end(), moved: breathe })

  from.on('data', (chunk: Buffer) => {
    if (sink !== null) return sink()
    put(line, chunk)
    if (isFull(line)) from.pause()
  })
  from.on('end', () => {
    if (sink === null) put(line, null)
  })
  to.on('drain', () => {
    resume(line)
    breathe()
  })

  return {
    setPace(pace) {
      setPace(line, pace)
      breathe()
    },
    swallow(seen) {
      sink = seen
      if (line.queued > 0) seen()
      drop(line)
      from.resume()
    },
    stop: () => drop(line),
  }
}
