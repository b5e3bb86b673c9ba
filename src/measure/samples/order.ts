import { OUTCOMES, type SampleBlock } from '../../domain/sample.ts'

/** The columns that edges are read from. Times in microseconds. */
export type Columns = Omit<SampleBlock, 'code'>

/** Index of `missed` in OUTCOMES: nobody asked, so nobody knows. */
export const MISSED = OUTCOMES.indexOf('missed')

export interface Order {
  feed(block: Columns): void
  /** No more will come: what was held back is emitted. */
  flush(): void
}

/** A scheduler's lateness in giving up: samples that come later still are emitted at once, out of order. */
const SLACK = 100_000

/**
 * Puts samples from the order of their completion into the order of their start: an unanswered request ends long after others that began later.
 * Whatever began longer ago than `timeout` (microseconds) has ended, so no more than that is held back.
 * The columns that `emit` gets are valid during the call only.
 */
export function createOrder(timeout: number, emit: (rows: Columns) => void): Order {
  const held = createRows()
  const lag = timeout + SLACK
  let latest = Number.NEGATIVE_INFINITY
  const release = (before: number) => {
    const ready = held.countBefore(before)
    if (ready === 0) return
    emit(held.first(ready))
    held.drop(ready)
  }
  return {
    feed(block) {
      for (let i = 0; i < block.length; i++) {
        held.insert(block, i)
        const end = block.end[i] ?? 0
        if (end > latest) latest = end
      }
      release(latest - lag)
    },
    flush: () => release(Number.POSITIVE_INFINITY),
  }
}

/** Rows sorted by when they began; a missed slot by when it was due. New rows nearly always belong at the end. */
function createRows() {
  let room = 1024
  let length = 0
  let key = new Float64Array(room)
  let planned = new Float64Array(room)
  let start = new Float64Array(room)
  let end = new Float64Array(room)
  let outcome = new Uint8Array(room)
  const grow = () => {
    room *= 2
    key = widened(key, room)
    planned = widened(planned, room)
    start = widened(start, room)
    end = widened(end, room)
    const more = new Uint8Array(room)
    more.set(outcome)
    outcome = more
  }
  const move = (to: number, from: number, until: number) => {
    for (const column of [key, planned, start, end, outcome]) column.copyWithin(to, from, until)
  }
  return {
    insert(block: Columns, i: number) {
      if (length === room) grow()
      const kind = block.outcome[i] ?? MISSED
      const by = (kind === MISSED ? block.planned[i] : block.start[i]) ?? 0
      let at = length
      while (at > 0 && (key[at - 1] ?? 0) > by) at--
      if (at < length) move(at + 1, at, length)
      key[at] = by
      planned[at] = block.planned[i] ?? 0
      start[at] = block.start[i] ?? 0
      end[at] = block.end[i] ?? 0
      outcome[at] = kind
      length++
    },
    countBefore(time: number): number {
      let low = 0
      let high = length
      while (low < high) {
        const middle = (low + high) >> 1
        if ((key[middle] ?? 0) < time) low = middle + 1
        else high = middle
      }
      return low
    },
    first: (count: number): Columns => ({
      length: count,
      planned: planned.subarray(0, count),
      start: start.subarray(0, count),
      end: end.subarray(0, count),
      outcome: outcome.subarray(0, count),
    }),
    drop(count: number) {
      move(0, count, length)
      length -= count
    },
  }
}

function widened(column: Float64Array<ArrayBuffer>, room: number): Float64Array<ArrayBuffer> {
  const wider = new Float64Array(room)
  wider.set(column)
  return wider
}
