import { closeSync, openSync, readSync } from 'node:fs'
import { DrillError } from '../domain/error.ts'
import { READS_HEADER, type ReadBlock, WRITE_OUTCOMES, WRITES_HEADER, type WriteBlock } from '../domain/ledger.ts'
import { EXIT } from '../domain/verdict.ts'

const CHUNK = 1 << 20

/**
 * The attempts of `ledgers/<name>.writes.csv` as columns, about a mebibyte of text at a time: memory stays flat whatever the length.
 * A last line without its end was torn by a crash and is left out. Throws a DrillError when another line is not an attempt.
 */
export function* readWrites(file: string): Generator<WriteBlock> {
  for (const lines of wholeLines(file, WRITES_HEADER)) {
    const block = {
      length: lines.length,
      writer: new Uint32Array(lines.length),
      seq: new Uint32Array(lines.length),
      invoked: new Float64Array(lines.length),
      ended: new Float64Array(lines.length),
      outcome: new Uint8Array(lines.length),
      node: lines.map(() => ''),
    }
    for (const [row, line] of lines.entries()) {
      const [writer, seq, invoked, ended, word, code, node, ...rest] = line.split(',')
      const outcome = (WRITE_OUTCOMES as readonly (string | undefined)[]).indexOf(word)
      if (outcome === -1 || code === undefined || node === undefined || rest.length > 0) throw damaged(file, line)
      block.writer[row] = whole(writer, file, line)
      block.seq[row] = whole(seq, file, line)
      block.invoked[row] = whole(invoked, file, line)
      block.ended[row] = whole(ended, file, line)
      block.outcome[row] = outcome
      block.node[row] = node
    }
    yield block
  }
}

/** The records of one read of a node, `ledgers/<name>.<when>.<node>.csv`. As tolerant and as strict as `readWrites`. */
export function* readReads(file: string): Generator<ReadBlock> {
  for (const lines of wholeLines(file, READS_HEADER)) {
    const block = { length: lines.length, writer: new Uint32Array(lines.length), seq: new Uint32Array(lines.length) }
    for (const [row, line] of lines.entries()) {
      const [writer, seq, ...rest] = line.split(',')
      if (rest.length > 0) throw damaged(file, line)
      block.writer[row] = whole(writer, file, line)
      block.seq[row] = whole(seq, file, line)
    }
    yield block
  }
}

function whole(text: string | undefined, file: string, line: string): number {
  if (text === undefined || !/^-?\d+$/.test(text)) throw damaged(file, line)
  return Number(text)
}

const damaged = (file: string, line: string): DrillError =>
  new DrillError(`${file} holds a line that does not belong there: ${line.slice(0, 80)}`, {
    code: 'LEDGER_FILE_DAMAGED',
    exit: EXIT.unknown,
    next: ['firedrill verify FOLDER'],
  })

/** Lines without their ends, header left out, a torn last line left out. */
function* wholeLines(file: string, header: string): Generator<readonly string[]> {
  const fd = openSync(file, 'r')
  try {
    const buffer = Buffer.allocUnsafe(CHUNK)
    let rest = ''
    let expected: string | undefined = header
    for (;;) {
      const read = readSync(fd, buffer, 0, CHUNK, null)
      if (read === 0) return
      const lines = (rest + buffer.toString('latin1', 0, read)).split('\n')
      rest = lines.pop() ?? ''
      if (expected !== undefined && lines.length > 0) {
        const first = lines.shift()
        if (first !== expected) throw damaged(file, first ?? '')
        expected = undefined
      }
      if (lines.length > 0) yield lines
    }
  } finally {
    closeSync(fd)
  }
}
