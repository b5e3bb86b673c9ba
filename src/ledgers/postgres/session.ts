import type { Clock } from '../../contracts/context.ts'
import type { LedgerNode, LedgerSession } from '../../contracts/ledger.ts'
import { describe, refused } from '../../domain/error.ts'
import { seconds } from '../../domain/time.ts'
import { connect, type Link, within } from './connect.ts'
import { createStatements, END_OWN_BACKENDS, READ_ONLY, readStatement, removeStatements, SCHEMA_EXISTS } from './sql.ts'
import { createWriters } from './writers.ts'

const PREPARE_MS = 15_000
const SCRUB_MS = 8_000
/** A database that fails over or restarts just then gets this long to take the removal. */
const SCRUB_AGAIN_S = 3
/** Not the namespace: by that name the removal ends whatever else of the ledger is still connected, and never another removal. */
const SCRUBBER = 'firedrill'
/** Replicas get this long to follow the removal. */
const FOLLOW_S = 2
/** A node that did not say who it is, is asked again at most this often. */
const LEARN_MS = 1_000

export interface Place {
  readonly dsn: string
  readonly nodes: Readonly<Record<string, string>>
  readonly namespace: string
  readonly clock: Clock
  readonly note: (text: string) => void
}

/** Connects, works, disconnects; all of it within the signal's time. */
async function visit<T>(name: string, dsn: string, signal: AbortSignal, work: (link: Link) => Promise<T>): Promise<T> {
  const link = await connect(dsn, name, signal)
  try {
    return await within(signal, link.destroy, work(link))
  } finally {
    if (signal.aborted) link.destroy()
    else void link.end()
  }
}

interface Seen {
  readonly writable: boolean
  readonly self: string
}

async function look(place: Place, dsn: string, signal: AbortSignal): Promise<Seen | undefined> {
  try {
    const [row] = await visit(place.namespace, dsn, signal, (link) => link.query(READ_ONLY))
    return { writable: row?.[0] === false, self: String(row?.[1]) }
  } catch {
    return undefined
  }
}

export function openPostgres(place: Place): LedgerSession {
  const { dsn, namespace, nodes, clock } = place
  const writers = createWriters(dsn, namespace, clock)
  const names = new Map<string, string>()
  let learning = Number.NEGATIVE_INFINITY

  const ask = async (signal: AbortSignal): ReturnType<LedgerSession['nodes']> => {
    const [behind, ...seen] = await Promise.all([dsn, ...Object.values(nodes)].map((one) => look(place, one, signal)))
    const list = Object.keys(nodes).map((name, i): LedgerNode => ({ name, writable: seen[i]?.writable }))
    for (const [i, node] of list.entries()) if (seen[i]) names.set(seen[i].self, node.name)
    const via = behind && names.get(behind.self)
    return via === undefined ? { nodes: list } : { nodes: list, via }
  }
  const nameOf = (self: string | undefined): string | undefined => {
    const name = self === undefined ? undefined : names.get(self)
    if (self !== undefined && name === undefined && performance.now() - learning > LEARN_MS) {
      learning = performance.now()
      void ask(AbortSignal.timeout(LEARN_MS))
    }
    return name
  }
  return {
    prepare: () => prepare(place, ask),
    async write(writer, seq, signal) {
      const { outcome, code, self } = await writers.write(writer, seq, signal)
      const node = nameOf(self)
      return node === undefined ? { outcome, code } : { outcome, code, node }
    },
    nodes: ask,
    read: (node, signal) => read(place, node, signal),
    async scrub() {
      await writers.close()
      await scrub(place)
    },
    leftovers: () => leftovers(place),
    close: () => writers.close(),
  }
}

async function prepare(place: Place, ask: LedgerSession['nodes']): Promise<void> {
  const signal = AbortSignal.timeout(PREPARE_MS)
  try {
    await visit(place.namespace, place.dsn, signal, async (link) => {
      for (const statement of createStatements(place.namespace)) await link.query(statement)
    })
  } catch (error) {
    const why = signal.aborted ? `no answer within ${PREPARE_MS / 1000} s` : describe(error)
    throw refused(`The ledger's table cannot be made where clients write: ${why}`, 'LEDGER_PREPARE', ['grant create on database …'], error)
  }
  const { nodes, via } = await ask(AbortSignal.timeout(5_000))
  const silent = nodes.filter((node) => node.writable === undefined).map((node) => node.name)
  if (silent.length === nodes.length)
    throw refused('No node of the ledger answers', 'LEDGER_NODES', ['check the connection strings of nodes'])
  if (silent.length > 0) place.note(`${silent.join(', ')} did not answer at the start`)
  if (via === undefined) place.note('the node behind the write address is none of those that are read')
}

async function read(place: Place, node: string, signal: AbortSignal): ReturnType<LedgerSession['read']> {
  const dsn = place.nodes[node]
  if (dsn === undefined) throw new Error(`there is no node ${node}`)
  try {
    const rows = await visit(place.namespace, dsn, signal, (link) => link.query(readStatement(place.namespace)))
    return rows.map(([writer, seq]) => ({ writer: Number(writer), seq: Number(seq) }))
  } catch (error) {
    if (isAbsent(error)) return []
    throw error
  }
}

/** The schema or the table is not there: the node answers, and it holds none of the records. */
const isAbsent = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && (error.code === '42P01' || error.code === '3F000')

/**
 * Removes it wherever writes are taken: behind `write`, and on every node that takes writes by itself (a split brain has two). As long as
 * nobody took the removal it is tried again, for a moment: the server may just be failing over.
 */
async function scrub(place: Place): Promise<void> {
  const signal = AbortSignal.timeout(SCRUB_MS)
  const until = place.clock.now() + SCRUB_AGAIN_S
  for (;;) {
    const failed = await scrubOnce(place, signal)
    if (failed === undefined) return
    if (signal.aborted || place.clock.now() > until) throw new Error(failed)
    await place.clock.sleep(seconds(0.2))
  }
}

/** Asks all at once who takes writes, for one of them may hang; removes one after the other, for several may lead to one server. */
async function scrubOnce({ dsn, nodes, namespace }: Place, signal: AbortSignal): Promise<string | undefined> {
  let last: Promise<unknown> = Promise.resolve()
  const tries = await Promise.allSettled(
    [dsn, ...Object.values(nodes)].map((one) =>
      visit(SCRUBBER, one, signal, async (link) => {
        const [row] = await link.query(READ_ONLY)
        if (row?.[0] !== false) return false
        const mine = last.then(() => remove(link, namespace))
        last = mine.catch(() => undefined)
        await mine
        return true
      }),
    ),
  )
  if (tries.some((one) => one.status === 'fulfilled' && one.value)) return undefined
  const failed = tries.find((one) => one.status === 'rejected')
  return failed ? describe(failed.reason) : 'no node takes writes'
}

async function remove(link: Link, namespace: string): Promise<void> {
  await link.query(`select set_config('synchronous_commit', 'local', false), set_config('lock_timeout', '5s', false)`)
  await link.query(END_OWN_BACKENDS, [namespace])
  for (const statement of removeStatements(namespace)) await link.query(statement)
}

async function leftovers(place: Place): Promise<readonly string[]> {
  const until = place.clock.now() + FOLLOW_S
  for (;;) {
    const left = await stillThere(place)
    if (left.length === 0 || place.clock.now() > until) return left
    await place.clock.sleep(seconds(0.1))
  }
}

async function stillThere(place: Place): Promise<readonly string[]> {
  const found = await Promise.all(
    Object.entries(place.nodes).map(async ([node, dsn]) => {
      try {
        const rows = await visit(place.namespace, dsn, AbortSignal.timeout(2_000), (link) => link.query(SCHEMA_EXISTS, [place.namespace]))
        return rows.length > 0 ? [`schema ${place.namespace} on ${node}`] : []
      } catch {
        return [`${node} does not answer: schema ${place.namespace} may be on it`]
      }
    }),
  )
  return found.flat()
}
