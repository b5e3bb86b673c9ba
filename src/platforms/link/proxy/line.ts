import type { Pacer } from './pacer.ts'

/** How the bytes of one direction are held back. */
export interface Pace {
  /** Milliseconds that the next piece shall be held; drawn anew for each. */
  readonly delay: () => number
  readonly pacers: readonly Pacer[]
  /** Something was really held. */
  readonly held: () => void
}

/** Bytes that wait in all lines of a proxy together. */
export interface Budget {
  queued: number
}

interface Ends {
  readonly budget: Budget
  /** Sends a piece; false when the other side takes no more until `resume`. */
  readonly write: (piece: Buffer) => boolean
  readonly end: () => void
  /** Less is waiting than before. */
  readonly moved: () => void
}

/** `due` in milliseconds of `performance.now()`; null is the end of the stream, which waits its turn like everything else. */
interface Item {
  readonly due: number
  readonly data: Buffer | null
}

interface Booking {
  readonly bytes: number
  readonly at: number
}

/** What waits in one direction of a connection. Changed by the functions of this file alone. */
export interface Line extends Ends {
  items: Item[]
  queued: number
  pace: Pace | null
  timer: NodeJS.Timeout | undefined
  blocked: boolean
  lastDue: number
  /** Since when nothing but the pace holds its head. */
  since: number
  booked: Booking | null
}

export const createLine = (ends: Ends): Line => ({
  ...ends,
  items: [],
  queued: 0,
  pace: null,
  timer: undefined,
  blocked: false,
  lastDue: 0,
  since: 0,
  booked: null,
})

/** Takes a piece, or the end. Straight through when nothing holds and nothing waits. */
export function put(line: Line, data: Buffer | null): void {
  if (line.pace === null && line.items.length === 0 && !line.blocked) return send(line, data)
  const delay = line.pace?.delay() ?? 0
  if (delay > 0) line.pace?.held()
  // Order is kept: nothing is due before what came earlier.
  line.lastDue = Math.max(line.lastDue, performance.now() + delay)
  line.items.push({ due: line.lastDue, data })
  account(line, data?.length ?? 0)
  pump(line)
}

/** The other side takes bytes again. */
export function resume(line: Line): void {
  line.blocked = false
  line.since = performance.now()
  pump(line)
}

/** Without a pace everything that waits goes out at once, in order. */
export function setPace(line: Line, pace: Pace | null): void {
  line.pace = pace
  line.since = performance.now()
  line.booked = null
  if (pace !== null) return
  clearTimeout(line.timer)
  line.timer = undefined
  line.lastDue = 0
  line.items = line.items.map(({ data }) => ({ due: 0, data }))
  pump(line)
}

/** Throws away everything that waits. */
export function drop(line: Line): void {
  clearTimeout(line.timer)
  line.timer = undefined
  account(line, -line.queued)
  line.items = []
  line.booked = null
}

function send(line: Line, data: Buffer | null): void {
  if (data === null) line.end()
  else if (!line.write(data)) line.blocked = true
}

function account(line: Line, bytes: number): void {
  line.queued += bytes
  line.budget.queued += bytes
}

function pump(line: Line): void {
  while (line.timer === undefined && !line.blocked && sendHead(line)) line.moved()
}

/** Sends what is due; false when there is nothing, or something has to be waited for. */
function sendHead(line: Line): boolean {
  const [head] = line.items
  if (head === undefined) return false
  const now = performance.now()
  if (head.due > now) return wait(line, head.due - now)
  if (head.data === null) {
    line.items.shift()
    line.end()
    return true
  }
  line.booked ??= book(line, head.data, Math.max(head.due, line.since))
  const { bytes, at } = line.booked
  if (at > now) {
    line.pace?.held()
    return wait(line, at - now)
  }
  line.booked = null
  if (bytes === head.data.length) line.items.shift()
  else line.items[0] = { due: head.due, data: head.data.subarray(bytes) }
  account(line, -bytes)
  send(line, head.data.subarray(0, bytes))
  return true
}

/** What waits longer than it had to, because this process was kept from running, makes up for it: the rate holds on average. */
function book({ pace }: Line, data: Buffer, ready: number): Booking {
  const pacers = pace?.pacers ?? []
  const bytes = Math.min(data.length, ...pacers.map((pacer) => pacer.piece))
  return { bytes, at: Math.max(0, ...pacers.map((pacer) => pacer.reserve(bytes, ready))) }
}

function wait(line: Line, milliseconds: number): false {
  line.timer = setTimeout(() => {
    line.timer = undefined
    pump(line)
  }, milliseconds)
  return false
}
