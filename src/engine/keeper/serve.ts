import { type MessagePort, parentPort, workerData } from 'node:worker_threads'
import { systemClock } from '../../contracts/clock.ts'
import type { KeeperPlan } from '../../contracts/keeper.ts'
import type { LedgerSession } from '../../contracts/ledger.ts'
import type { Registry } from '../../contracts/registry.ts'
import { DrillError, describe, refused } from '../../domain/error.ts'
import type { LedgerDecl } from '../../domain/experiment.ts'
import { EXIT } from '../../domain/verdict.ts'
import { type Book, openBook } from './book.ts'
import type { Ask, Calls, Failure, KeeperData, Tell } from './messages.ts'
import { openSession, scrubSession } from './sessions.ts'

const FLUSH_MS = 100
const BEAT_MS = 250

/** The keeper's thread: opens and prepares every ledger of `workerData`, writes, and answers until it is told to stop. */
export function serveKeeper(registry: Pick<Registry, 'ledgers'>): void {
  const port = parentPort
  if (!port) throw new Error('serveKeeper runs on a thread of its own')
  const { keeper: plan } = workerData as KeeperData
  const tell = (message: Tell): void => port.postMessage(message)
  serve(plan, registry, port, tell).catch((error: unknown) => {
    tell({ kind: 'failed', failure: failureOf(error) })
    port.close()
  })
}

async function serve(
  plan: KeeperPlan,
  registry: Pick<Registry, 'ledgers'>,
  port: MessagePort,
  tell: (message: Tell) => void,
): Promise<void> {
  const beat = setInterval(() => tell({ kind: 'beat' }), BEAT_MS)
  const life = new AbortController()
  const sessions = new Map<LedgerDecl, LedgerSession>()
  const books: Book[] = []
  const end = async (): Promise<void> => {
    life.abort()
    clearInterval(beat)
    await Promise.allSettled(books.map((book) => book.close()))
  }
  try {
    for (const decl of plan.ledgers) {
      const session = await openSession(decl, plan, registry, (text) => tell({ kind: 'note', text }), life.signal)
      sessions.set(decl, session)
      await prepared(decl, session)
    }
    const at = { out: plan.out, clock: systemClock(plan.monotonic) }
    for (const [decl, session] of sessions) books.push(await openBook(decl, session, at))
  } catch (error) {
    for (const session of sessions.values()) await scrubSession(session)
    for (const session of sessions.values()) await session.close()
    clearInterval(beat)
    throw error
  }
  const stopFlushing = keepFlushing(books, tell)
  const pulse = setInterval(() => {
    for (const book of books) tell({ kind: 'tally', tally: book.tally() })
  }, BEAT_MS)
  port.on('message', (ask: Ask) => {
    answer(ask, books)
      .then(async (value) => {
        if (ask.call === 'stop') {
          clearInterval(pulse)
          await stopFlushing()
          await end()
        }
        tell({ kind: 'answer', id: ask.id, value })
        if (ask.call === 'stop') port.close()
      })
      .catch((error: unknown) => tell({ kind: 'refused', id: ask.id, failure: failureOf(error) }))
  })
  tell({ kind: 'ready' })
}

async function prepared(decl: LedgerDecl, session: LedgerSession): Promise<void> {
  try {
    await session.prepare()
  } catch (error) {
    if (error instanceof DrillError) throw error
    throw refused(`Ledger ${decl.name} cannot be prepared: ${describe(error)}`, 'LEDGER_PREPARE', ['firedrill doctor'], error)
  }
}

/** Attempts reach the file within a flush interval; a disk that refuses them ends the keeping. */
function keepFlushing(books: readonly Book[], tell: (message: Tell) => void): () => Promise<void> {
  let timer: NodeJS.Timeout | undefined
  let ended = false
  const flush = async (): Promise<void> => {
    try {
      for (const book of books) await book.flush()
      if (!ended) timer = setTimeout(() => void flush(), FLUSH_MS)
    } catch (error) {
      tell({ kind: 'lost', why: `the ledger's file cannot be written: ${describe(error)}` })
    }
  }
  timer = setTimeout(() => void flush(), FLUSH_MS)
  return async () => {
    ended = true
    clearTimeout(timer)
    for (const book of books) await book.flush().catch(() => undefined)
  }
}

async function answer(ask: Ask, books: readonly Book[]): Promise<Calls[Ask['call']]['answer']> {
  switch (ask.call) {
    case 'quiesce':
      await bookOf(books, ask.ledger).quiesce()
      await bookOf(books, ask.ledger).flush()
      return null
    case 'resume':
      bookOf(books, ask.ledger).resume()
      return null
    case 'read':
      return bookOf(books, ask.ledger).read(ask.when)
    case 'agree':
      return bookOf(books, ask.ledger).agree()
    case 'scrub':
      await Promise.all(books.map((book) => book.quiesce()))
      return Promise.all(books.map(async (book) => ({ ledger: book.name, left: await scrubSession(book.session) })))
    case 'stop':
      return null
    default:
      return ask satisfies never
  }
}

function bookOf(books: readonly Book[], name: string): Book {
  const book = books.find((candidate) => candidate.name === name)
  if (!book) throw refused(`There is no ledger ${name}`, 'LEDGER_UNKNOWN')
  return book
}

const failureOf = (error: unknown): Failure =>
  error instanceof DrillError
    ? { message: error.message, code: error.code, exit: error.exit, next: error.next }
    : { message: describe(error), code: 'KEEPER_ERROR', exit: EXIT.error, next: [] }
