import { mkdir, open } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { ReadWhen } from '../../domain/event.ts'
import { READS_HEADER, type WRITE_OUTCOMES, WRITES_HEADER } from '../../domain/ledger.ts'

export interface Attempt {
  readonly writer: number
  readonly seq: number
  /** Seconds on the drill's clock. */
  readonly invoked: number
  readonly ended: number
  readonly outcome: (typeof WRITE_OUTCOMES)[number]
  readonly code: string
  readonly node: string
}

export interface AttemptFile {
  add(attempt: Attempt): void
  /** Everything added so far is with the operating system when it resolves. Rejects when the disk refuses. */
  flush(): Promise<void>
  close(): Promise<void>
}

/** A word that stands in a CSV cell as it is. */
const cell = (text: string): string => text.replaceAll(/[^\w.:-]/g, '_')
const micros = (seconds: number): number => Math.round(seconds * 1e6)

export const writesFile = (ledger: string): string => `ledgers/${ledger}.writes.csv`
export const readsFile = (ledger: string, when: ReadWhen, node: string): string => `ledgers/${ledger}.${when}.${node}.csv`

/** Opens a fresh file of attempts; lines wait in memory until `flush`. */
export async function openAttempts(file: string): Promise<AttemptFile> {
  await mkdir(dirname(file), { recursive: true })
  const handle = await open(file, 'w')
  let pending = `${WRITES_HEADER}\n`
  let tail: Promise<unknown> = Promise.resolve()
  const flush = async (): Promise<void> => {
    if (pending !== '') {
      const chunk = pending
      pending = ''
      tail = tail.then(() => handle.writeFile(chunk))
    }
    await tail
  }
  await flush()
  return {
    add({ writer, seq, invoked, ended, outcome, code, node }) {
      pending += `${writer},${seq},${micros(invoked)},${micros(ended)},${outcome},${cell(code)},${cell(node)}\n`
    },
    flush,
    async close() {
      await flush()
      await handle.close()
    },
  }
}

/** Writes what one read of a node held, as it was returned. */
export async function writeRead(file: string, rows: readonly { readonly writer: number; readonly seq: number }[]): Promise<void> {
  await mkdir(dirname(file), { recursive: true })
  const handle = await open(file, 'w')
  try {
    await handle.writeFile(`${READS_HEADER}\n`)
    for (let from = 0; from < rows.length; from += 10_000) {
      const lines = rows.slice(from, from + 10_000).map(({ writer, seq }) => `${writer},${seq}\n`)
      await handle.writeFile(lines.join(''))
    }
  } finally {
    await handle.close()
  }
}
