import { type FileHandle, open } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { Clock } from '../../contracts/context.ts'
import { DrillError, describe, refused } from '../../domain/error.ts'
import type { DrillEvent, JournalEntry } from '../../domain/event.ts'
import { EXIT } from '../../domain/verdict.ts'
import { sha256 } from '../hash.ts'
import { hasCode, makeFolder, syncFolder } from '../home/durable.ts'

/** What the first line chains to. */
export const NO_LINE = '0'.repeat(64)

/** The append-only log of a drill. Entries keep the order of the calls. */
export interface Journal {
  readonly file: string
  /** Never throws and never waits: on its way to the file when it returns. What cannot be written is kept and tried again. */
  append(event: DrillEvent): JournalEntry
  /** As `append`, and durable (with all that came before it) when it resolves. Rejects with a DrillError when it is not: mutate nothing. */
  commit(...events: readonly DrillEvent[]): Promise<void>
  /** What the disk has not taken yet: exactly what the file lacks at its end. */
  unwritten(): string
  /** Durable or a DrillError, then closed. Closing twice is harmless. */
  close(): Promise<void>
}

export interface JournalOptions {
  readonly clock: Pick<Clock, 'now'>
  /** Called in order, before the entry is on disk. */
  readonly onEntry?: (entry: JournalEntry) => void
}

/** A new journal. Rejects with a DrillError (refused) when there is one already, or it cannot be made. */
export async function openJournal(file: string, options: JournalOptions): Promise<Journal> {
  try {
    await makeFolder(dirname(file))
    const handle = await open(file, 'ax', 0o644)
    await syncFolder(dirname(file))
    return journalOn(handle, file, { seq: 0, prev: NO_LINE }, options)
  } catch (error) {
    const next = hasCode(error, 'EEXIST') ? ['choose another --out folder'] : [`ls -ld ${dirname(file)}`]
    throw refused(`The journal ${file} cannot be made: ${describe(error)}`, 'JOURNAL_CREATE', next, error)
  }
}

/** A journal on a file that is open for appending; the next line is number `seq` and chains to `prev`. */
export function journalOn(handle: FileHandle, file: string, next: { seq: number; prev: string }, options: JournalOptions): Journal {
  let { seq, prev } = next
  const writer = lineWriter(handle, file)
  const append = (event: DrillEvent): JournalEntry => {
    const entry: JournalEntry = { seq, at: Number(options.clock.now().toFixed(9)), prev, event }
    const line = JSON.stringify(entry)
    seq += 1
    prev = sha256(line)
    writer.add(`${line}\n`)
    options.onEntry?.(entry)
    return entry
  }
  let closing: Promise<void> | undefined
  return {
    file,
    append,
    commit: async (...events) => {
      for (const event of events) append(event)
      await writer.sync()
    },
    unwritten: () => writer.unwritten(),
    close: () => {
      closing ??= closeAfter(writer, handle)
      return closing
    },
  }
}

async function closeAfter(writer: LineWriter, handle: FileHandle): Promise<void> {
  try {
    await writer.sync()
  } finally {
    await handle.close()
  }
}

interface LineWriter {
  add(text: string): void
  unwritten(): string
  sync(): Promise<void>
}

/** One write at a time; lines that come meanwhile go with the next one. A full disk loses nothing: what is not written is tried again. */
function lineWriter(handle: FileHandle, file: string): LineWriter {
  // Written first, then what came meanwhile: joined once a write, not once a line.
  let left: Uint8Array = Buffer.alloc(0)
  let added: Buffer[] = []
  let turn: Promise<void> = Promise.resolve()
  let scheduled = false
  // After a failed fsync the kernel may have dropped the pages and say yes the next time: nothing is durable any more.
  let lost: DrillError | undefined

  const write = async (): Promise<void> => {
    while (left.length > 0 || added.length > 0) {
      left = Buffer.concat([left, ...added])
      added = []
      const { bytesWritten } = await handle.write(left)
      left = left.subarray(bytesWritten)
    }
  }
  const inTurn = (work: () => Promise<void>): Promise<void> => {
    const done = turn.then(work)
    turn = done.catch(() => undefined)
    return done
  }
  const drain = async (): Promise<void> => {
    scheduled = false
    await write().catch(() => undefined)
  }
  return {
    add: (text) => {
      added.push(Buffer.from(text))
      if (scheduled) return
      scheduled = true
      void inTurn(drain)
    },
    unwritten: () => Buffer.concat([left, ...added]).toString(),
    sync: () =>
      inTurn(async () => {
        if (lost) throw lost
        try {
          await write()
        } catch (error) {
          throw notWritten(file, error)
        }
        try {
          await handle.datasync()
        } catch (error) {
          lost = notWritten(file, error)
          throw lost
        }
      }),
  }
}

const notWritten = (file: string, cause: unknown): DrillError =>
  new DrillError(`The journal ${file} cannot be written: ${describe(cause)}`, {
    code: 'JOURNAL_WRITE',
    exit: EXIT.aborted,
    next: [`df -h ${dirname(file)}`],
    cause,
  })
