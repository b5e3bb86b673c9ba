import { connect, type Socket } from 'node:net'
import type { ActiveRule } from './active-rule.ts'
import { type Budget, createFlow, type Flow, type Pace, type Tapped } from './flow.ts'

/** Counts of a proxy, kept by its connections. */
export interface Totals extends Budget {
  up: number
  down: number
  affected: number
}

/** A client's connection and its other half. */
export interface Connection {
  /** The rules changed: takes on the harm of those that pick it, and sheds that of the ones that ended. */
  apply(rules: readonly ActiveRule[]): void
  /** Ends both halves with a reset. */
  destroy(): void
}

interface Options {
  readonly client: Socket
  readonly number: number
  readonly to: { readonly host: string; readonly port: number }
  readonly totals: Totals
  readonly rules: readonly ActiveRule[]
  readonly closed: () => void
  /** The client has said its last, and only a blackhole keeps the connection open. */
  readonly lingers: () => void
}

type Mode = 'passing' | 'swallowing' | 'dead'

const whole = (pass: Buffer): Tapped => ({ pass })

const paceOf = (rules: readonly ActiveRule[], direction: 'up' | 'down', mark: (rule: ActiveRule) => void): Pace | null => {
  const slow = rules.filter(({ request: { harm } }) => harm.kind === 'delay' || harm.kind === 'throttle')
  if (slow.length === 0) return null
  return {
    pacers: slow.flatMap((rule) => rule[direction] ?? []),
    delay: () =>
      slow.reduce(
        (sum, rule) =>
          rule.request.harm.kind === 'delay' ? sum + rule.request.harm.latency + rule.random() * rule.request.harm.jitter : sum,
        0,
      ) * 1000,
    held: () => slow.forEach(mark),
  }
}

/** Joins a client to the other side, under the rules that hold. A connection that cannot be made is a reset for the client. */
export function openConnection({ client, number, to, totals, rules: initial, closed, lingers }: Options): Connection {
  let mode: Mode = 'passing'
  let mine: readonly ActiveRule[] = []
  let upstream: Socket | null = null
  let flows: { readonly up: Flow; readonly down: Flow } | null = null
  const considered = new Set<ActiveRule>()
  const marked = new Set<ActiveRule>()

  const mark = (rule: ActiveRule): void => {
    if (marked.has(rule)) return
    if (marked.size === 0) totals.affected++
    marked.add(rule)
    rule.affect()
  }
  const destroy = (): void => {
    if (mode === 'dead') return
    mode = 'dead'
    flows?.up.stop()
    flows?.down.stop()
    client.resetAndDestroy()
    upstream?.resetAndDestroy()
    closed()
  }
  const resetBy = (rule: ActiveRule): void => {
    mark(rule)
    destroy()
  }
  /** The rule that resets once `bytes` of this direction have passed, if any; counted from when it came to hold. */
  const tap = (direction: 'up' | 'down'): ((piece: Buffer) => Tapped) => {
    const after = direction === 'up' ? 'request' : 'answer'
    const passed = new Map<ActiveRule, number>()
    return (piece) => {
      totals[direction] += piece.length
      for (const rule of mine) {
        const { harm } = rule.request
        if (harm.kind !== 'reset' || harm.after !== after) continue
        const room = harm.bytes - (passed.get(rule) ?? 0)
        if (piece.length < room) passed.set(rule, harm.bytes - room + piece.length)
        else return { pass: piece.subarray(0, room), then: () => setImmediate(resetBy, rule) }
      }
      return whole(piece)
    }
  }
  const swallowBy = (rule: ActiveRule): void => {
    mode = 'swallowing'
    const seen = (): void => mark(rule)
    if (flows === null) {
      // The other side was never reached: to accept and never answer is the harm.
      seen()
      client.on('data', seen)
      client.on('end', lingers)
      client.resume()
      return
    }
    flows.up.swallow(seen)
    flows.down.swallow(seen)
    client.on('end', lingers)
  }
  const over = (side: Socket, other: () => Socket | null) => (): void => {
    if (mode === 'dead') return
    const clean = side.errored === null && side.readableEnded
    if (other()?.destroyed !== false) {
      mode = 'dead'
      closed()
    } else if (mode === 'passing' && !clean) {
      // A blackhole tells nobody: there the other half hears of it when the rule ends.
      destroy()
    }
  }
  const reach = (): void => {
    upstream = connect({ host: to.host, port: to.port, noDelay: true, allowHalfOpen: true })
    upstream.on('error', () => undefined)
    upstream.on(
      'close',
      over(upstream, () => client),
    )
    flows = {
      up: createFlow({ from: client, to: upstream, budget: totals, tap: tap('up') }),
      down: createFlow({ from: upstream, to: client, budget: totals, tap: tap('down') }),
    }
    upstream.once('connect', () => client.resume())
  }
  const strike = (rule: ActiveRule, fresh: boolean): void => {
    const { harm } = rule.request
    if (harm.kind === 'cut' || (harm.kind === 'reset' && harm.after === 'connect' && fresh)) return resetBy(rule)
    if (harm.kind === 'blackhole' && mode === 'passing') swallowBy(rule)
  }
  const apply = (rules: readonly ActiveRule[], fresh = false): void => {
    if (mode === 'dead') return
    for (const rule of rules) {
      if (!considered.has(rule)) rule.consider()
      considered.add(rule)
    }
    mine = rules.filter((rule) => rule.picks(number))
    for (const rule of mine) strike(rule, fresh)
    const holed = mine.some(({ request }) => request.harm.kind === 'blackhole')
    if (mode === 'swallowing' && !holed) return destroy()
    if (mode !== 'passing') return
    if (upstream === null) reach()
    flows?.up.setPace(paceOf(mine, 'up', mark))
    flows?.down.setPace(paceOf(mine, 'down', mark))
  }

  client.on('error', () => undefined)
  client.on(
    'close',
    over(client, () => upstream),
  )
  apply(initial, true)
  return { apply, destroy }
}
