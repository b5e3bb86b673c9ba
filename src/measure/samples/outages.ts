import type { Interval } from '../../domain/interval.ts'
import { createTypical } from './reading.ts'

/** One outage as a probe saw it, microseconds. `end` null: not over when the samples end. */
export interface Edges {
  readonly onset: Interval
  readonly end: Interval | null
}

/** Takes samples in order of their start; those that nobody knows are left out, and the edges beside them grow wider. */
export interface OutageFold {
  good(start: number, end: number): void
  bad(start: number, end: number): void
  /** Those closer together than the second value (microseconds) are told as one where there are very many. */
  list(): { readonly outages: readonly Edges[]; readonly mergedWithin: number }
}

const MOST = 500

/**
 * Onset in (start of the last good, end of the first bad], end in (start of the last bad, end of the first good after it].
 * Good samples that overlap a bad one bound nothing: which of the two asked first is not known.
 */
export function createOutageFold(): OutageFold {
  const typical = createTypical()
  const goods = createSettled()
  let open: { lo: number; hi: number } | null = null
  let lastBad = Number.NEGATIVE_INFINITY
  let clear = Number.NEGATIVE_INFINITY
  let over: Edges[] = []
  let mergedWithin = 0
  const thin = () => {
    while (over.length > MOST) {
      mergedWithin = mergedWithin === 0 ? 100_000 : mergedWithin * 2
      over = merged(over, mergedWithin)
    }
  }
  return {
    good(start, end) {
      typical.add(end - start)
      goods.add(start, end)
      if (open === null || start < clear) return
      over.push({ onset: open, end: { lo: lastBad, hi: end } })
      open = null
      if (over.length > MOST * 2) thin()
    },
    bad(start, end) {
      if (open === null) open = { lo: goods.lastBefore(start) ?? start, hi: end }
      else open.hi = Math.min(open.hi, end)
      lastBad = Math.max(lastBad, start)
      clear = Math.max(clear, Math.min(end, start + typical.value()))
    },
    list() {
      thin()
      return { outages: open === null ? over : [...over, { onset: open, end: null }], mergedWithin }
    },
  }
}

function merged(outages: readonly Edges[], within: number): Edges[] {
  const joined: Edges[] = []
  for (const outage of outages) {
    const last = joined.at(-1)
    if (last?.end && outage.onset.hi - last.end.lo <= within) joined[joined.length - 1] = { onset: last.onset, end: outage.end }
    else joined.push(outage)
  }
  return joined
}

const RING = 4096

/** Start of the latest good sample that had ended by a given time. */
function createSettled() {
  const starts = new Float64Array(RING)
  const ends = new Float64Array(RING)
  let head = 0
  let tail = 0
  let settled: number | null = null
  const settle = (by: number) => {
    while (head < tail && (ends[head % RING] ?? 0) <= by) {
      settled = starts[head % RING] ?? 0
      head++
    }
  }
  return {
    add(start: number, end: number) {
      settle(start)
      if (tail - head === RING) head++
      starts[tail % RING] = start
      ends[tail % RING] = end
      tail++
    },
    lastBefore(start: number): number | null {
      settle(start)
      return settled
    },
  }
}
