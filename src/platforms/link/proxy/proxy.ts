import type { Socket } from 'node:net'
import type { Address, LinkState, RuleRequest } from '../rule.ts'
import type { ActiveRule } from './active-rule.ts'
import { applyRules, type Connection, destroy, openConnection, type Totals } from './connection.ts'
import { type Gate, openGate } from './gate.ts'
import { createRuleTable } from './rule-table.ts'

export interface ProxyOptions {
  readonly name: string
  readonly instance: string
  /** Port 0: any free one. */
  readonly listen: Address
  readonly to: Address
  /** What happened, for the truth log. */
  readonly log: (event: string, detail: Readonly<Record<string, string | number>>) => void
}

/** A TCP proxy that passes everything through, save what a rule says. */
export interface Proxy {
  readonly port: number
  readonly state: () => LinkState
  /** Resolves when the rule holds for every connection, old and new; `refused`: why it does not. */
  readonly put: (rule: RuleRequest) => Promise<{ readonly refused?: string }>
  /** Resolves when everything passes again; false when there is no such rule. */
  readonly lift: (id: string) => Promise<boolean>
  readonly close: () => void
}

/** Connections that only a blackhole keeps, and whose client has gone: more than this are let go, oldest first. */
const LINGERING_LIMIT = 4096

const shuts = ({ request }: ActiveRule): boolean => request.harm.kind === 'cut' && request.percent >= 1

interface Crowd {
  readonly open: ReadonlySet<Connection>
  readonly seen: () => number
  readonly admit: (client: Socket, rules: readonly ActiveRule[]) => void
}

/** The connections of a proxy. */
function createCrowd(to: Address, totals: Totals): Crowd {
  const open = new Set<Connection>()
  const lingering = new Set<Connection>()
  let seen = 0
  const closed = (connection: Connection): void => {
    open.delete(connection)
    lingering.delete(connection)
  }
  const lingers = (connection: Connection): void => {
    lingering.add(connection)
    const [oldest] = lingering
    if (lingering.size > LINGERING_LIMIT && oldest !== undefined) destroy(oldest)
  }
  return {
    open,
    seen: () => seen,
    admit(client, rules) {
      seen++
      const connection = openConnection({ client, number: seen, to, totals, closed, lingers }, rules)
      if (connection.mode !== 'dead') open.add(connection)
    },
  }
}

/** Starts one. Rejects when the address cannot be listened on. */
export async function startProxy({ name, instance, listen, to, log }: ProxyOptions): Promise<Proxy> {
  const totals: Totals = { queued: 0, up: 0, down: 0, affected: 0 }
  const crowd = createCrowd(to, totals)
  /** Opening and shutting take turns. */
  let turn: Promise<void> = Promise.resolve()
  const table = createRuleTable((what, { id, run, harm }, why) => {
    turn = turn.then(() => settle(gate, table.active().some(shuts)))
    for (const connection of Array.from(crowd.open)) applyRules(connection, table.active())
    log(what, { id, run, kind: harm.kind, ...(why === undefined ? {} : { why }) })
  })
  const gate = await openGate({ ...listen, accept: (client) => crowd.admit(client, table.active()) })
  return {
    port: gate.port,
    state: () => ({
      name,
      instance,
      pid: process.pid,
      listen: { host: listen.host, port: gate.port },
      to,
      listening: gate.isOpen(),
      connections: { seen: crowd.seen(), open: crowd.open.size, affected: totals.affected },
      bytes: { up: totals.up, down: totals.down },
      rules: table.active().map((rule) => rule.state()),
      ended: table.ended(),
    }),
    async put(rule) {
      const answer = table.put(rule)
      await turn
      return answer
    },
    async lift(id) {
      const found = table.lift(id)
      await turn
      return found
    },
    close() {
      table.stop()
      gate.close()
      for (const connection of Array.from(crowd.open)) destroy(connection)
    },
  }
}

async function settle(gate: Gate, shut: boolean): Promise<void> {
  if (shut === !gate.isOpen()) return
  await (shut ? gate.shut() : gate.open())
}
