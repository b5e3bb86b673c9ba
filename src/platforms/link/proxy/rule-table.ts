import { type LeaseState, leaseState } from '../../../contracts/lease.ts'
import type { EndedRule, RuleEnd, RuleRequest } from '../rule.ts'
import { type ActiveRule, activate, monotonic } from './active-rule.ts'

/** The rules of one proxy. They end by themselves. */
export interface RuleTable {
  readonly active: () => readonly ActiveRule[]
  readonly ended: () => readonly EndedRule[]
  /** Idempotent by id. `refused`: why not. */
  readonly put: (request: RuleRequest) => { readonly refused?: string }
  /** False when there is none of that id. */
  readonly lift: (id: string, why?: RuleEnd) => boolean
  readonly stop: () => void
}

/** How often leases are looked at, milliseconds. */
const LEASE_POLL = 200
/** How many ended rules are remembered, so that undo can tell an expired one from one that never was. */
const MEMORY = 1000

const REFUSALS: Readonly<Record<Exclude<LeaseState, 'held'>, string>> = {
  gone: 'the lease file cannot be read: the run is over',
  stale: 'the lease was not renewed: whoever asks has lost it',
  newer: 'a newer epoch holds the lease',
}

/** @param changed called after every change, with nothing else changed in between */
export function createRuleTable(changed: (what: 'rule.applied' | 'rule.ended', rule: RuleRequest, why?: RuleEnd) => void): RuleTable {
  const rules = new Map<string, { readonly rule: ActiveRule; readonly timer: NodeJS.Timeout }>()
  const newest = new Map<string, number>()
  const memory: EndedRule[] = []
  let poll: NodeJS.Timeout | undefined

  const lift = (id: string, why: RuleEnd = 'lifted'): boolean => {
    const found = rules.get(id)
    if (found === undefined) return false
    clearTimeout(found.timer)
    rules.delete(id)
    if (rules.size === 0) {
      clearInterval(poll)
      poll = undefined
    }
    const { request, applied, counters } = found.rule
    memory.push({ id, run: request.run, why, applied: String(applied), ended: String(monotonic()), counters: counters() })
    if (memory.length > MEMORY) memory.shift()
    changed('rule.ended', request, why)
    return true
  }
  const obeyLeases = (): void => {
    for (const { rule } of Array.from(rules.values())) {
      const { id, lease, epoch } = rule.request
      const state = leaseState(lease, epoch)
      if (state !== 'held') lift(id, state === 'newer' ? 'fenced' : 'lease-lost')
    }
  }
  const put = (request: RuleRequest): { readonly refused?: string } => {
    const seen = newest.get(request.run) ?? request.epoch
    const state = leaseState(request.lease, request.epoch)
    if (request.epoch < seen) return { refused: `epoch ${seen} was seen for this run` }
    if (state !== 'held') return { refused: REFUSALS[state] }
    newest.set(request.run, request.epoch)
    if (rules.has(request.id)) return {}
    const timer = setTimeout(lift, request.ttl * 1000, request.id, 'ttl')
    rules.set(request.id, { rule: activate(request), timer })
    poll ??= setInterval(obeyLeases, LEASE_POLL)
    changed('rule.applied', request)
    return {}
  }
  return {
    active: () => [...rules.values()].map(({ rule }) => rule),
    ended: () => memory,
    put,
    lift,
    stop() {
      for (const id of Array.from(rules.keys())) lift(id, 'stopped')
    },
  }
}
