import { open } from 'node:fs/promises'
import { systemClock } from '../../contracts/clock.ts'
import type { Clock } from '../../contracts/context.ts'
import type { DrillEvent, EventOf, JournalEntry } from '../../domain/event.ts'
import { instant } from '../../domain/time.ts'
import { sha256 } from '../hash.ts'
import { bootId } from '../lease/identity.ts'
import { type Journal, journalOn, NO_LINE } from './journal.ts'
import { type JournalRead, parseJournal, readJournal } from './read.ts'

export interface TakenJournal {
  readonly journal: Journal
  /** What was in it before. */
  readonly read: JournalRead
  /** The drill's own clock, gone on with: by wall time after a reboot. */
  readonly clock: Clock
}

/**
 * Goes on with a dead writer's journal: a torn tail becomes a `note` that keeps its bytes, and the chain continues.
 * The writer must be dead. Rejects when the file cannot be read or written.
 */
export async function takeOver(file: string, onEntry?: (entry: JournalEntry) => void): Promise<TakenJournal> {
  const read = await readJournal(file)
  const clock = clockOf(read.entries)
  const next = read.torn.length > 0 ? await replaceTail(file, read, clock) : read.next
  const handle = await open(file, 'a')
  return { journal: journalOn(handle, file, next, { clock, ...(onEntry && { onEntry }) }), read, clock }
}

/** A journal beside the drill's, for when that one cannot be gone on with: made if missing; in memory alone if nothing can be written. */
export async function takeSpare(file: string, clock: Clock = systemClock(process.hrtime.bigint())): Promise<TakenJournal> {
  try {
    const handle = await open(file, 'a')
    const read = await readJournal(file)
    const next = read.torn.length > 0 ? await replaceTail(file, read, clock) : read.next
    return { journal: journalOn(handle, file, next, { clock }), read, clock }
  } catch {
    return { journal: memoryJournal(clock), read: parseJournal(Buffer.alloc(0)), clock }
  }
}

function memoryJournal(clock: Clock): Journal {
  const append = (event: DrillEvent): JournalEntry => ({ seq: 0, at: clock.now(), prev: NO_LINE, event })
  return { file: '', append, commit: async () => undefined, unwritten: () => '', close: async () => undefined }
}

/** The clock that the journal was opened with. */
export function clockOf(entries: readonly JournalEntry[]): Clock {
  const opened = entries.find(({ event }) => event.kind === 'drill.opened')?.event as EventOf<'drill.opened'> | undefined
  if (!opened) return systemClock(process.hrtime.bigint())
  const clock = systemClock(BigInt(opened.monotonic))
  if (opened.boot === bootId()) return clock
  const origin = Date.parse(opened.origin) / 1000
  return { ...clock, now: () => instant(clock.wall() - origin) }
}

/** The note is longer than the tail that it quotes: one write covers it, and a crash in between leaves a torn tail again. */
async function replaceTail(file: string, read: JournalRead, clock: Pick<Clock, 'now'>): Promise<JournalRead['next']> {
  const text = read.torn.toString('utf8')
  const data = Buffer.from(text).equals(read.torn) ? { torn: text } : { tornBase64: read.torn.toString('base64') }
  const note: JournalEntry = {
    ...read.next,
    at: Number(clock.now().toFixed(9)),
    event: { kind: 'note', text: 'The last line was not finished when its writer died', data },
  }
  const line = JSON.stringify(note)
  const handle = await open(file, 'r+')
  try {
    await handle.write(Buffer.from(`${line}\n`), 0, undefined, read.sound)
    await handle.datasync()
  } finally {
    await handle.close()
  }
  return { seq: note.seq + 1, prev: sha256(line) }
}
