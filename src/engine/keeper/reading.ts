import { join } from 'node:path'
import type { Clock } from '../../contracts/context.ts'
import type { LedgerNode, LedgerSession } from '../../contracts/ledger.ts'
import { describe } from '../../domain/error.ts'
import type { EventOf, ReadWhen } from '../../domain/event.ts'
import { readsFile, writeRead } from './rows.ts'

/** A read that takes longer will not come: a node that hangs must not hold the drill. */
const READ_LIMIT_MS = 20_000
const NODES_LIMIT_MS = 3_000

type Nodes = Awaited<ReturnType<LedgerSession['nodes']>>

export const askNodes = (session: LedgerSession): Promise<Nodes> => session.nodes(AbortSignal.timeout(NODES_LIMIT_MS))
export const readNode = (session: LedgerSession, node: string): ReturnType<LedgerSession['read']> =>
  session.read(node, AbortSignal.timeout(READ_LIMIT_MS))

/** Nodes that take writes and are, or may be, behind `write`. When `write` reaches one of them and another takes writes too, both show. */
export function authorities({ nodes, via }: Nodes): ReadonlySet<string> {
  const writable = nodes.filter((node) => node.writable === true).map((node) => node.name)
  return new Set(via === undefined || writable.includes(via) ? writable : [])
}

/** Reads every node at once, writes each set to its file below `out`, and says what was read when. Never rejects for a node's sake. */
export async function readAll(
  ledger: string,
  session: LedgerSession,
  at: { readonly out: string; readonly when: ReadWhen; readonly clock: Clock },
): Promise<readonly EventOf<'ledger.read'>[]> {
  const asked = await askNodes(session)
  const authority = authorities(asked)
  return Promise.all(asked.nodes.map((node) => readOne(ledger, session, node, { ...at, authority })))
}

async function readOne(
  ledger: string,
  session: LedgerSession,
  node: LedgerNode,
  at: { readonly out: string; readonly when: ReadWhen; readonly clock: Clock; readonly authority: ReadonlySet<string> },
): Promise<EventOf<'ledger.read'>> {
  const lo = at.clock.now()
  const common = { kind: 'ledger.read', ledger, when: at.when, node: node.name, authority: at.authority.has(node.name) } as const
  try {
    const rows = await readNode(session, node.name)
    const hi = at.clock.now()
    const file = readsFile(ledger, at.when, node.name)
    await writeRead(join(at.out, file), rows)
    const role =
      node.writable === true ? 'takes writes' : node.writable === false ? 'takes no writes' : 'did not say whether it takes writes'
    return { ...common, file, rows: rows.length, at: { lo, hi }, detail: role }
  } catch (error) {
    return { ...common, file: null, rows: null, at: { lo, hi: at.clock.now() }, detail: `not read: ${describe(error)}` }
  }
}
