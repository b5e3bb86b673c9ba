import type { Socket } from 'node:net'
import type { ActiveRule } from './active-rule.ts'
import { type Connection, openConnection, type Totals } from './connection.ts'
import { type Gate, openGate } from './gate.ts'
import type { LinkState, RuleEnd, RuleRequest } from './rule.ts'
import { createRuleTable } from './rule-table.ts'

export interface Address {
  readonly host: string
  readonly port: number
}

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
  state(): LinkState
  /** Resolves when the rule holds for every connection, old and new; `refused`: why it does not. */
  put(rule: RuleRequest): Promise<{ readonly refused?: string }>
  /** Resolves when everything passes again; false when there is no such rule. */
  lift(id: string): Promise<boolean>
  close(): void
}

/** Connections that only a blackhole keeps, and whose client has gone: more than this are let go, oldest first. */
const LINGERING_LIMIT = 4096

const shuts = ({ request }: ActiveRule): boolean => request.harm.kind === 'cut' && request.percent >= 1

/** Starts one. Rejects when the address cannot be listened on. */
export async function startProxy({ name, instance, listen, to, log }: ProxyOptions): Promise<Proxy> {
  const connections = new Set<Connection>()
  const lingering = new Set<Connection>()
  const totals: Totals = { queued: 0, up: 0, down: 0, affected: 0 }
  let seen = 0
  /** Opening and shutting take turns. */
  let turn: Promise<void> = Promise.resolve()

  const accept = (client: Socket): void => {
    seen++
    // Rules may end a connection before it is made: it is then never kept.
    let connection: Connection | undefined
    let over = false
    connection = openConnection({
      client,
      number: seen,
      to,
      totals,
      rules: table.active(),
      closed() {
        over = true
        if (connection === undefined) return
        connections.delete(connection)
        lingering.delete(connection)
      },
      lingers() {
        if (connection !== undefined && !over) lingering.add(connection)
        if (lingering.size > LINGERING_LIMIT) lingering.values().next().value?.destroy()
      },
    })
    if (!over) connections.add(connection)
  }
  const settle = async (gate: Gate): Promise<void> => {
    const shut = table.active().some(shuts)
    if (shut && gate.listening) await gate.shut()
    if (!shut && !gate.listening) await gate.open()
  }
  const changed = (what: 'rule.applied' | 'rule.ended', { id, run, harm }: RuleRequest, why?: RuleEnd): void => {
    turn = turn.then(() => settle(gate))
    const rules = table.active()
    for (const connection of [...connections]) connection.apply(rules)
    log(what, { id, run, kind: harm.kind, ...(why === undefined ? {} : { why }) })
  }
  const table = createRuleTable(changed)
  const gate = await openGate({ ...listen, accept })

  return {
    port: gate.port,
    state: () => ({
      name,
      instance,
      pid: process.pid,
      listen: { host: listen.host, port: gate.port },
      to,
      listening: gate.listening,
      connections: { seen, open: connections.size, affected: totals.affected },
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
      for (const connection of [...connections]) connection.destroy()
    },
  }
}
