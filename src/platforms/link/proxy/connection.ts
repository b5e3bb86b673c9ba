import { connect, type Socket } from 'node:net'
import type { Address } from '../rule.ts'
import type { ActiveRule } from './active-rule.ts'
import { createFlow, type Flow, type Tapped } from './flow.ts'
import type { Budget, Pace } from './line.ts'

/** Counts of a proxy, kept by its connections. */
export interface Totals extends Budget {
  up: number
  down: number
  affected: number
}

interface About {
  readonly client: Socket
  /** Connections are counted from 1: rules pick by it. */
  readonly number: number
  readonly to: Address
  readonly totals: Totals
  readonly closed: (connection: Connection) => void
  /** The client has said its last, and only a blackhole keeps the connection open. */
  readonly lingers: (connection: Connection) => void
}

/** A client's connection and its other half. Changed by the functions of this file alone. */
export interface Connection extends About {
  mode: 'passing' | 'swallowing' | 'dead'
  /** The rules that picked it. */
  mine: readonly ActiveRule[]
  /** Not reached when a rule forbids it. */
  other: { readonly socket: Socket; readonly up: Flow; readonly down: Flow } | null
  readonly considered: Set<ActiveRule>
  readonly affectedBy: Set<ActiveRule>
}

type Direction = 'up' | 'down'

/** Joins a client to the other side, under the rules that hold. A connection that cannot be made is a reset for the client. */
export function openConnection(about: About, rules: readonly ActiveRule[]): Connection {
  const connection: Connection = {
    ...about,
    mode: 'passing',
    mine: [],
    other: null,
    considered: new Set(),
    affectedBy: new Set(),
  }
  about.client.on('error', () => undefined)
  about.client.on('close', () => halfClosed(connection, about.client, connection.other?.socket))
  applyRules(connection, rules)
  return connection
}

/** The rules changed: takes on the harm of those that pick it, and sheds that of the ones that ended. */
export function applyRules(connection: Connection, rules: readonly ActiveRule[]): void {
  if (connection.mode === 'dead') return
  for (const rule of rules.filter((one) => !connection.considered.has(one))) {
    connection.considered.add(rule)
    rule.consider()
  }
  connection.mine = rules.filter((rule) => rule.picks(connection.number))
  const reset = connection.mine.find((rule) => resetsNow(rule, connection))
  if (reset !== undefined) return resetBy(connection, reset)
  const hole = connection.mine.find(({ request }) => request.harm.kind === 'blackhole')
  // What a blackhole swallowed is lost: a connection that comes out of one cannot go on.
  if (hole === undefined && connection.mode === 'swallowing') return destroy(connection)
  if (hole !== undefined) return swallowBy(connection, hole)
  connection.other ??= reach(connection)
  connection.other.up.setPace(paceOf(connection, 'up'))
  connection.other.down.setPace(paceOf(connection, 'down'))
}

/** Ends both halves with a reset. */
export function destroy(connection: Connection): void {
  if (connection.mode === 'dead') return
  connection.client.resetAndDestroy()
  connection.other?.socket.resetAndDestroy()
  bury(connection)
}

function bury(connection: Connection): void {
  connection.mode = 'dead'
  connection.other?.up.stop()
  connection.other?.down.stop()
  connection.closed(connection)
}

const isFresh = ({ other, mode }: Connection): boolean => other === null && mode === 'passing'

const resetsNow = ({ request: { harm } }: ActiveRule, connection: Connection): boolean =>
  harm.kind === 'cut' || (harm.kind === 'reset' && harm.after === 'connect' && isFresh(connection))

function mark(connection: Connection, rule: ActiveRule): void {
  if (connection.affectedBy.has(rule)) return
  if (connection.affectedBy.size === 0) connection.totals.affected++
  connection.affectedBy.add(rule)
  rule.affect()
}

function resetBy(connection: Connection, rule: ActiveRule): void {
  if (connection.mode === 'dead') return
  mark(connection, rule)
  destroy(connection)
}

function swallowBy(connection: Connection, rule: ActiveRule): void {
  if (connection.mode === 'swallowing') return
  connection.mode = 'swallowing'
  const { client, other } = connection
  const seen = (): void => mark(connection, rule)
  client.on('end', () => connection.lingers(connection))
  if (other === null) {
    // To accept and never reach the other side is the harm.
    seen()
    client.on('data', seen).resume()
    return
  }
  other.up.swallow(seen)
  other.down.swallow(seen)
}

/** One half is closed. A clean end leaves the other half to finish; a broken one breaks it, save in a blackhole, which tells nobody. */
function halfClosed(connection: Connection, side: Socket, other: Socket | undefined): void {
  if (connection.mode === 'dead') return
  if (other === undefined || other.destroyed) return bury(connection)
  const clean = side.errored === null && side.readableEnded
  if (connection.mode === 'passing' && !clean) destroy(connection)
}

function reach(connection: Connection): NonNullable<Connection['other']> {
  const { client, to, totals } = connection
  const socket = connect({ host: to.host, port: to.port, noDelay: true, allowHalfOpen: true })
  socket.on('error', () => undefined)
  socket.on('close', () => halfClosed(connection, socket, client))
  socket.once('connect', () => client.resume())
  return {
    socket,
    up: createFlow({ from: client, to: socket, budget: totals, tap: tap(connection, 'up') }),
    down: createFlow({ from: socket, to: client, budget: totals, tap: tap(connection, 'down') }),
  }
}

/** Counts the bytes, and resets once as many have passed as a rule lets through, counted from when it came to hold. */
function tap(connection: Connection, direction: Direction): (piece: Buffer) => Tapped {
  const after = direction === 'up' ? 'request' : 'answer'
  const passed = new Map<ActiveRule, number>()
  return (piece) => {
    connection.totals[direction] += piece.length
    for (const rule of connection.mine) {
      const { harm } = rule.request
      if (harm.kind !== 'reset' || harm.after !== after) continue
      const before = passed.get(rule) ?? 0
      const room = harm.bytes - before
      if (piece.length >= room) return { pass: piece.subarray(0, room), after: () => setImmediate(resetBy, connection, rule) }
      passed.set(rule, before + piece.length)
    }
    return { pass: piece }
  }
}

function paceOf(connection: Connection, direction: Direction): Pace | null {
  const slow = connection.mine.filter(({ request: { harm } }) => harm.kind === 'delay' || harm.kind === 'throttle')
  if (slow.length === 0) return null
  return {
    pacers: slow.flatMap((rule) => rule[direction] ?? []),
    delay: () => slow.reduce((sum, rule) => sum + rule.delay(), 0) * 1000,
    held: () => {
      for (const rule of slow) mark(connection, rule)
    },
  }
}
