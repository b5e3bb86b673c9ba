import { readFile } from 'node:fs/promises'
import type { JournalEntry } from '../../domain/event.ts'
import { sha256 } from '../hash.ts'
import { NO_LINE } from './journal.ts'

/**
 * torn: the last line was never finished; nothing that waited for it happened. malformed: a finished line is no entry.
 * broken: from this entry on the chain does not prove what came before it.
 */
export interface JournalProblem {
  readonly kind: 'torn' | 'malformed' | 'broken'
  /** Of the file, from 1. */
  readonly line: number
  /** Of the entry, where there is one. */
  readonly seq: number | null
  readonly detail: string
}

export interface JournalRead {
  readonly entries: readonly JournalEntry[]
  /** Empty: every entry is where and what it was when it was written. */
  readonly problems: readonly JournalProblem[]
  /** Bytes of the unfinished last line; empty when the file ends with a line end. */
  readonly torn: Buffer
  /** Bytes before it. */
  readonly sound: number
  /** For the entry that comes next. */
  readonly next: { readonly seq: number; readonly prev: string }
}

/** Reads a journal, whatever became of it. Rejects only when the file cannot be read at all. */
export async function readJournal(file: string): Promise<JournalRead> {
  return parseJournal(await readFile(file))
}

/** The entries of a journal's bytes, with everything that is wrong. Pure. */
export function parseJournal(bytes: Buffer): JournalRead {
  const entries: JournalEntry[] = []
  const problems: JournalProblem[] = []
  const sound = bytes.lastIndexOf(0x0a) + 1
  let next = { seq: 0, prev: NO_LINE }
  let line = 0
  for (let from = 0; from < sound; ) {
    const end = bytes.indexOf(0x0a, from)
    const text = bytes.subarray(from, end)
    line += 1
    const entry = entryOf(text)
    if (entry) {
      problems.push(...breaksOf(entry, next, line))
      entries.push(entry)
    } else problems.push({ kind: 'malformed', line, seq: null, detail: `line ${line} is no entry` })
    next = { seq: entry ? entry.seq + 1 : next.seq + 1, prev: sha256(text) }
    from = end + 1
  }
  const torn = bytes.subarray(sound)
  if (torn.length > 0)
    problems.push({ kind: 'torn', line: line + 1, seq: null, detail: `the last line was not finished (${torn.length} bytes)` })
  return { entries, problems, torn, sound, next }
}

function breaksOf(entry: JournalEntry, next: JournalRead['next'], line: number): JournalProblem[] {
  if (entry.seq !== next.seq)
    return [{ kind: 'broken', line, seq: entry.seq, detail: `entry ${entry.seq} stands where ${next.seq} was expected` }]
  if (entry.prev !== next.prev)
    return [{ kind: 'broken', line, seq: entry.seq, detail: `entry ${entry.seq} does not follow from the line before it` }]
  return []
}

function entryOf(line: Buffer): JournalEntry | undefined {
  try {
    const of: unknown = JSON.parse(line.toString('utf8'))
    return isEntry(of) ? of : undefined
  } catch {
    return undefined
  }
}

/** The outer form only: events of a newer version are read, too. */
function isEntry(of: unknown): of is JournalEntry {
  if (typeof of !== 'object' || of === null) return false
  const { seq, at, prev, event } = of as Record<string, unknown>
  if (typeof seq !== 'number' || typeof at !== 'number' || typeof prev !== 'string') return false
  return typeof event === 'object' && event !== null && 'kind' in event && typeof event.kind === 'string'
}
