import { join } from 'node:path'
import type { Clock } from '../../contracts/context.ts'
import type { LedgerTally } from '../../contracts/keeper.ts'
import type { LedgerSession } from '../../contracts/ledger.ts'
import { describe } from '../../domain/error.ts'
import type { EventOf, ReadWhen } from '../../domain/event.ts'
import type { LedgerDecl } from '../../domain/experiment.ts'
import { seconds } from '../../domain/time.ts'
import { compareNodes } from './agreement.ts'
import { createMarks, type Marks } from './marks.ts'
import { askNodes, authorities, readAll, readNode } from './reading.ts'
import { type AttemptFile, openAttempts, writesFile } from './rows.ts'
import { type Slots, startSlots, writersFor } from './slots.ts'

/** How long a session may take to let go of a write that was given up; after that nobody waits for it. */
const GRACE_MS = 500
/** Replicas get this long to show what was acknowledged before the question was asked. */
const REPLICATION_S = 3

/** One ledger at work: its writers, its file of attempts, and its questions. */
export interface Book {
  readonly name: string
  readonly session: LedgerSession
  quiesce(): Promise<void>
  resume(): void
  read(when: ReadWhen): Promise<readonly EventOf<'ledger.read'>[]>
  agree(): Promise<{ readonly agree: boolean; readonly detail: string }>
  tally(): LedgerTally
  flush(): Promise<void>
  close(): Promise<void>
}

interface State {
  readonly acknowledged: Marks
  /** Highest seq that has ended, by writer. */
  readonly finished: number[]
  refused: number
  indeterminate: number
  lastAck: number | null
}

/** Starts the writers of a session that is prepared. */
export async function openBook(
  decl: LedgerDecl,
  session: LedgerSession,
  at: { readonly out: string; readonly clock: Clock },
): Promise<Book> {
  const { clock, out } = at
  const writers = writersFor(decl.rate)
  const state: State = {
    acknowledged: createMarks(),
    finished: Array.from({ length: writers }, () => 0),
    refused: 0,
    indeterminate: 0,
    lastAck: null,
  }
  const file = await openAttempts(join(out, writesFile(decl.name)))
  const slots = startSlots({
    rate: decl.rate,
    writers,
    clock,
    attempt: (writer, seq) => attempt({ writer, seq, timeout: decl.timeout, session, clock, file, state }),
    missed: (writer, seq) => {
      const now = clock.now()
      file.add({ writer, seq, invoked: now, ended: now, outcome: 'missed', code: 'busy', node: '' })
    },
  })
  return {
    name: decl.name,
    session,
    quiesce: () => slots.quiesce(),
    resume: () => slots.resume(),
    read: (when) => readAll(decl.name, session, { out, when, clock }),
    agree: () => agree(session, state, clock),
    tally: () => ({
      ledger: decl.name,
      acknowledged: state.acknowledged.size,
      refused: state.refused,
      indeterminate: state.indeterminate,
      lastAck: state.lastAck,
    }),
    flush: () => file.flush(),
    close: () => close(slots, file, session),
  }
}

async function close(slots: Slots, file: AttemptFile, session: LedgerSession): Promise<void> {
  await slots.quiesce()
  await Promise.allSettled([file.close(), session.close()])
}

async function attempt(of: {
  readonly writer: number
  readonly seq: number
  readonly timeout: number
  readonly session: LedgerSession
  readonly clock: Clock
  readonly file: AttemptFile
  readonly state: State
}): Promise<void> {
  const { writer, seq, session, clock, file, state } = of
  const invoked = clock.now()
  const { outcome, code, node } = await bounded(session, writer, seq, of.timeout)
  const ended = clock.now()
  file.add({ writer, seq, invoked, ended, outcome, code, node: node ?? '' })
  state.finished[writer] = seq
  if (outcome === 'ok') {
    state.acknowledged.add(writer, seq)
    state.lastAck = ended
  } else if (outcome === 'fail') state.refused++
  else state.indeterminate++
}

/** One write that ends at its timeout whatever the session does. */
async function bounded(session: LedgerSession, writer: number, seq: number, timeout: number): ReturnType<LedgerSession['write']> {
  const abort = new AbortController()
  const giveUp = setTimeout(() => abort.abort(new Error('timeout')), timeout * 1000)
  let stuck: NodeJS.Timeout | undefined
  const deaf = new Promise<{ outcome: 'info'; code: string }>((resolve) => {
    stuck = setTimeout(() => resolve({ outcome: 'info', code: 'timeout' }), timeout * 1000 + GRACE_MS)
  })
  try {
    return await Promise.race([session.write(writer, seq, abort.signal), deaf])
  } catch (error) {
    return { outcome: 'info', code: describe(error).slice(0, 40) }
  } finally {
    clearTimeout(giveUp)
    clearTimeout(stuck)
  }
}

async function agree(session: LedgerSession, state: State, clock: Clock): ReturnType<Book['agree']> {
  const finished = [...state.finished]
  const until = clock.now() + REPLICATION_S
  for (;;) {
    const answer = await compareNow(session, finished, state.acknowledged)
    if (answer.agree || answer.final || clock.now() > until) return { agree: answer.agree, detail: answer.detail }
    await clock.sleep(seconds(0.1))
  }
}

/** `final`: no use to ask again soon. */
async function compareNow(
  session: LedgerSession,
  finished: readonly number[],
  acknowledged: Marks,
): Promise<{ readonly agree: boolean; readonly detail: string; readonly final: boolean }> {
  try {
    const asked = await askNodes(session)
    const silent = asked.nodes.filter((node) => node.writable === undefined).map((node) => node.name)
    if (silent.length > 0) return { agree: false, detail: `${silent.join(', ')} did not answer`, final: true }
    const masters = [...authorities(asked)]
    if (masters.length === 0) return { agree: false, detail: 'no node behind the write address takes writes', final: true }
    if (masters.length > 1) return { agree: false, detail: `${masters.join(' and ')} both take writes`, final: true }
    const read = await Promise.all(asked.nodes.map(async ({ name }) => ({ node: name, rows: await readNode(session, name) })))
    return { ...compareNodes(read, finished, acknowledged), final: false }
  } catch (error) {
    return { agree: false, detail: `not read: ${describe(error)}`, final: true }
  }
}
