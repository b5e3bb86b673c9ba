import { closeSync, openSync, readSync } from 'node:fs'
import { DrillError } from '../domain/error.ts'
import { OUTCOMES, SAMPLES_HEADER, type SampleBlock } from '../domain/sample.ts'
import { EXIT } from '../domain/verdict.ts'

const CHUNK = 1 << 18
/** No line of the file is shorter: three times, an outcome, commas and a line end. */
const SHORTEST = 13

const COMMA = 44
const LINE_END = 10
const MINUS = 45
const ZERO = 48

interface Rows {
  length: number
  readonly planned: Float64Array
  readonly start: Float64Array
  readonly end: Float64Array
  readonly outcome: Uint8Array
  readonly code: string[]
}

/** The outcome's word from its first two letters: each pair belongs to one word. */
const BY_LETTERS = new Map(OUTCOMES.map((word, index) => [(word.charCodeAt(0) << 8) | word.charCodeAt(1), index]))

/**
 * The rows of a samples file as columns, a quarter of a mebibyte of text at a time: memory stays flat whatever the length.
 * A last line without its end was torn by a crash and is left out. Throws a DrillError when another line is not a sample.
 */
export function* readSamples(file: string): Generator<SampleBlock> {
  const fd = openSync(file, 'r')
  try {
    const buffer = Buffer.allocUnsafe(CHUNK + 4_096)
    const codes = createInterner()
    let kept = 0
    let header = true
    for (;;) {
      const read = readSync(fd, buffer, kept, buffer.length - kept, null)
      if (read === 0) return
      const filled = kept + read
      const last = buffer.lastIndexOf(LINE_END, filled - 1)
      if (last === -1 && filled === buffer.length) throw damaged(file)
      const from = header && last > -1 ? afterHeader(buffer, file) : 0
      if (last > -1) header = false
      if (last >= from) {
        const block = parse(buffer, from, last + 1, codes)
        if (!block) throw damaged(file)
        if (block.length > 0) yield block
      }
      kept = filled - (last + 1)
      buffer.copyWithin(0, last + 1, filled)
    }
  } finally {
    closeSync(fd)
  }
}

function afterHeader(buffer: Buffer, file: string): number {
  const end = buffer.indexOf(LINE_END)
  if (buffer.toString('latin1', 0, end) !== SAMPLES_HEADER) throw damaged(file)
  return end + 1
}

const damaged = (file: string): DrillError =>
  new DrillError(`${file} holds a line that is not a sample`, {
    code: 'SAMPLES_DAMAGED',
    exit: EXIT.unknown,
    next: ['firedrill verify FOLDER'],
  })

/** Parses whole lines in [from, to); undefined when one of them is not a sample. */
function parse(bytes: Buffer, from: number, to: number, codes: Interner): SampleBlock | undefined {
  const room = Math.ceil((to - from) / SHORTEST)
  const rows: Rows = {
    length: 0,
    planned: new Float64Array(room),
    start: new Float64Array(room),
    end: new Float64Array(room),
    outcome: new Uint8Array(room),
    code: [],
  }
  let at = from
  while (at < to) {
    at = parseLine(bytes, at, rows, codes)
    if (at === -1) return undefined
  }
  const { length } = rows
  return {
    length,
    planned: rows.planned.subarray(0, length),
    start: rows.start.subarray(0, length),
    end: rows.end.subarray(0, length),
    outcome: rows.outcome.subarray(0, length),
    code: rows.code,
  }
}

/** Where a number that was read ended: beside the value, so that reading one makes no object. */
let cursor = 0

/** A whole number up to the next comma; NaN when it is none. Leaves `cursor` behind the comma. */
function parseNumber(bytes: Buffer, from: number): number {
  let at = from
  const negative = bytes[at] === MINUS
  if (negative) at += 1
  const first = at
  let value = 0
  for (;;) {
    const digit = (bytes[at] ?? 0) - ZERO
    if (digit < 0 || digit > 9) break
    value = value * 10 + digit
    at += 1
  }
  if (at === first || bytes[at] !== COMMA) return Number.NaN
  cursor = at + 1
  return negative ? -value : value
}

/** Appends one line to `rows`; where the next begins, or -1 when this one is not a sample. */
function parseLine(bytes: Buffer, from: number, rows: Rows, codes: Interner): number {
  const row = rows.length
  const planned = parseNumber(bytes, from)
  if (Number.isNaN(planned)) return -1
  const start = parseNumber(bytes, cursor)
  if (Number.isNaN(start)) return -1
  const end = parseNumber(bytes, cursor)
  if (Number.isNaN(end)) return -1
  const outcome = BY_LETTERS.get(((bytes[cursor] ?? 0) << 8) | (bytes[cursor + 1] ?? 0))
  if (outcome === undefined) return -1
  const comma = cursor + (OUTCOMES[outcome]?.length ?? 0)
  if (bytes[comma] !== COMMA) return -1
  const stop = bytes.indexOf(LINE_END, comma)
  rows.planned[row] = planned
  rows.start[row] = start
  rows.end[row] = end
  rows.outcome[row] = outcome
  rows.code.push(codes.text(bytes, comma + 1, stop))
  rows.length = row + 1
  return stop + 1
}

interface Interner {
  text(bytes: Buffer, from: number, to: number): string
}

/** Codes are few and come in runs: the same text again makes no new string. */
function createInterner(): Interner {
  const known = new Map<string, string>()
  let last = ''
  const isLast = (bytes: Buffer, from: number, to: number): boolean => {
    if (to - from !== last.length) return false
    for (let i = 0; i < last.length; i++) if (bytes[from + i] !== last.charCodeAt(i)) return false
    return true
  }
  return {
    text(bytes, from, to) {
      if (isLast(bytes, from, to)) return last
      const text = bytes.toString('latin1', from, to)
      last = known.get(text) ?? text
      if (known.size < 10_000) known.set(last, last)
      return last
    },
  }
}
