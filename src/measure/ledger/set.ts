import type { ReadBlock, WriteBlock } from '../../domain/ledger.ts'
import type { SetClasses } from '../../domain/record.ts'

/** The classes of one read, and what seconds are made of. Times in microseconds. */
export interface SetCounts extends SetClasses {
  /** Acknowledgement of the first and the last lost write; null: none is lost. */
  readonly firstLost: number | null
  readonly lastLost: number | null
  /** The last surviving acknowledgement before the first lost one. */
  readonly lastKept: number | null
}

const PRESENT = 1
const TWICE = 2

/** What a node held: one byte a record, however long the ledger. */
export interface Held {
  has(writer: number, seq: number): boolean
  readonly records: number
  readonly duplicated: number
  /** Records that are in one and not in the other. */
  differences(other: Held): number
  each(visit: (writer: number, seq: number) => void): void
}

/** The records of one read. Duplicates are counted, not kept. */
export function heldBy(blocks: Iterable<ReadBlock>): Held {
  const flags = createFlags()
  let records = 0
  let duplicated = 0
  for (const block of blocks) {
    for (let i = 0; i < block.length; i++) {
      const writer = block.writer[i] ?? 0
      const seq = block.seq[i] ?? 0
      const before = flags.get(writer, seq)
      if (before === 0) records++
      else if (before === PRESENT) duplicated++
      flags.set(writer, seq, before === 0 ? PRESENT : PRESENT | TWICE)
    }
  }
  const held: Held = {
    has: (writer, seq) => flags.get(writer, seq) !== 0,
    records,
    duplicated,
    each: (visit) => flags.each(visit),
    differences(other) {
      let common = 0
      flags.each((writer, seq) => {
        if (other.has(writer, seq)) common++
      })
      return records + other.records - 2 * common
    },
  }
  return held
}

const OK = 0
const FAIL = 1
const INFO = 2

/**
 * Holds what was acknowledged before the read began against what the read held. `lost = acknowledged \ S`; what was not acknowledged and is there
 * is `recovered`, neither loss nor success; what is there and was never attempted is `unexpected`.
 * Writes that began after the read (`before`, microseconds) are not asked about.
 */
export function classify(open: () => Iterable<WriteBlock>, held: Held, before: number): SetCounts {
  const attempted = createFlags()
  const count = { attempts: 0, acknowledged: 0, refused: 0, indeterminate: 0, lost: 0, recovered: 0, refusedButPresent: 0 }
  let firstLost: number | null = null
  let lastLost: number | null = null
  for (const write of each(open())) {
    if (write.outcome > INFO) continue
    attempted.set(write.writer, write.seq, 1)
    if (write.invoked >= before || (write.outcome === OK && write.ended > before)) continue
    count.attempts++
    const there = held.has(write.writer, write.seq)
    if (write.outcome === OK) {
      count.acknowledged++
      if (there) continue
      count.lost++
      firstLost = Math.min(firstLost ?? write.ended, write.ended)
      lastLost = Math.max(lastLost ?? write.ended, write.ended)
    } else {
      if (write.outcome === FAIL) count.refused++
      else count.indeterminate++
      if (there && write.outcome === FAIL) count.refusedButPresent++
      if (there && write.outcome === INFO) count.recovered++
    }
  }
  let unexpected = 0
  held.each((writer, seq) => {
    if (attempted.get(writer, seq) === 0) unexpected++
  })
  const kept = firstLost === null || lastLost === null ? { lastKept: null, holes: 0 } : survivors(open(), held, firstLost, lastLost)
  return { ...count, unexpected, duplicated: held.duplicated, firstLost, lastLost, ...kept }
}

/** The last acknowledgement that survived before the first lost one, and the runs of lost writes that a writer's surviving ones follow. */
function survivors(blocks: Iterable<WriteBlock>, held: Held, firstLost: number, lastLost: number) {
  let lastKept: number | null = null
  let holes = 0
  const losing = new Set<number>()
  for (const write of each(blocks)) {
    if (write.outcome !== OK || write.ended > lastLost) continue
    if (!held.has(write.writer, write.seq)) losing.add(write.writer)
    else {
      if (losing.delete(write.writer)) holes++
      if (write.ended < firstLost) lastKept = Math.max(lastKept ?? write.ended, write.ended)
    }
  }
  return { lastKept, holes }
}

export interface Write {
  readonly writer: number
  readonly seq: number
  readonly invoked: number
  readonly ended: number
  readonly outcome: number
  readonly node: string
}

/** The writes one by one, in the order of their file. */
export function* each(blocks: Iterable<WriteBlock>): Generator<Write> {
  for (const block of blocks)
    for (let i = 0; i < block.length; i++)
      yield {
        writer: block.writer[i] ?? 0,
        seq: block.seq[i] ?? 0,
        invoked: block.invoked[i] ?? 0,
        ended: block.ended[i] ?? 0,
        outcome: block.outcome[i] ?? 0,
        node: block.node[i] ?? '',
      }
}

const CHUNK_BITS = 12

/** A byte per writer and sequence number, in chunks: a foreign record with a huge number costs no more than any other. */
function createFlags() {
  const writers = new Map<number, Map<number, Uint8Array>>()
  const chunkOf = (writer: number, seq: number) => writers.get(writer)?.get(seq >>> CHUNK_BITS)
  const within = (seq: number) => seq & (2 ** CHUNK_BITS - 1)
  return {
    get: (writer: number, seq: number): number => chunkOf(writer, seq)?.[within(seq)] ?? 0,
    set(writer: number, seq: number, flag: number) {
      const chunks = writers.get(writer) ?? new Map<number, Uint8Array>()
      const chunk = chunks.get(seq >>> CHUNK_BITS) ?? new Uint8Array(2 ** CHUNK_BITS)
      chunk[within(seq)] = flag
      chunks.set(seq >>> CHUNK_BITS, chunk)
      writers.set(writer, chunks)
    },
    each(visit: (writer: number, seq: number) => void) {
      for (const [writer, chunks] of writers)
        for (const [index, chunk] of chunks)
          for (let i = 0; i < chunk.length; i++) if (chunk[i] !== 0) visit(writer, index * 2 ** CHUNK_BITS + i)
    },
  }
}
