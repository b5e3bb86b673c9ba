import type { JsonObject } from '../../domain/json.ts'

/** What a rule does to the connections it picks. Times in seconds, sizes in bytes, rates in bytes a second. */
export type Harm =
  | { readonly kind: 'cut' }
  | { readonly kind: 'blackhole' }
  | { readonly kind: 'delay'; readonly latency: number; readonly jitter: number }
  | { readonly kind: 'throttle'; readonly rate: number }
  | { readonly kind: 'reset'; readonly after: 'connect' | 'request' | 'answer'; readonly bytes: number }

/** One fault on a link, as it is asked for. It ends by itself: at its time to live, or when the lease is lost. */
export interface RuleRequest {
  readonly id: string
  readonly run: string
  /** Fencing: refused when a newer one was seen for the run. */
  readonly epoch: number
  readonly harm: Harm
  /** Share of the connections that is harmed, 0 to 1. */
  readonly percent: number
  /** Picks the connections: the same seed picks the same connection numbers. */
  readonly seed: number
  /** Seconds. */
  readonly ttl: number
  readonly lease: string
}

export type RuleEnd = 'lifted' | 'ttl' | 'lease-lost' | 'fenced' | 'stopped'

/** What happened under a rule. Moments are CLOCK_MONOTONIC nanoseconds as text. */
export interface RuleCounters {
  /** Connections that were there when it began, or came since. */
  readonly considered: number
  /** Connections that something was really done to. */
  readonly affected: number
  readonly firstAffected: string | null
}

export type RuleState = Omit<RuleRequest, 'seed'> & {
  readonly applied: string
  readonly remaining: number
  readonly counters: RuleCounters
}

export interface EndedRule {
  readonly id: string
  readonly run: string
  readonly why: RuleEnd
  readonly applied: string
  readonly ended: string
  readonly counters: RuleCounters
}

export interface Address {
  readonly host: string
  readonly port: number
}

/** What `GET /state` answers. */
export interface LinkState {
  readonly name: string
  /** Unique to this process: a proxy that was restarted is another one. */
  readonly instance: string
  readonly pid: number
  readonly listen: Address
  readonly to: Address
  readonly listening: boolean
  readonly connections: { readonly seen: number; readonly open: number; readonly affected: number }
  readonly bytes: { readonly up: number; readonly down: number }
  readonly rules: readonly RuleState[]
  readonly ended: readonly EndedRule[]
}

const isNumber = (value: unknown, min: number, max: number): value is number =>
  typeof value === 'number' && Number.isFinite(value) && value >= min && value <= max

/** A harm as it came over the wire; undefined when it is none. */
export function readHarm(value: unknown): Harm | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  const of = value as JsonObject
  switch (of['kind']) {
    case 'cut':
    case 'blackhole':
      return { kind: of['kind'] }
    case 'delay': {
      const { latency, jitter = 0 } = of
      return isNumber(latency, 0, 3600) && isNumber(jitter, 0, 3600) ? { kind: 'delay', latency, jitter } : undefined
    }
    case 'throttle': {
      const rate = of['rate']
      return isNumber(rate, 1, Number.MAX_SAFE_INTEGER) ? { kind: 'throttle', rate } : undefined
    }
    case 'reset': {
      const { after, bytes = 1 } = of
      const known = after === 'connect' || after === 'request' || after === 'answer'
      return known && isNumber(bytes, 1, Number.MAX_SAFE_INTEGER) ? { kind: 'reset', after, bytes } : undefined
    }
    default:
      return undefined
  }
}

/** A rule as it came over the wire; undefined when something in it is missing or out of range. */
export function readRule(id: string, value: unknown): RuleRequest | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  const { run, epoch, percent, seed, ttl, lease, harm: asked } = value as JsonObject
  const harm = readHarm(asked)
  if (harm === undefined || typeof run !== 'string' || typeof lease !== 'string') return undefined
  if (!isNumber(epoch, 0, Number.MAX_SAFE_INTEGER) || !isNumber(percent, 0, 1)) return undefined
  if (!isNumber(seed, 0, Number.MAX_SAFE_INTEGER) || !isNumber(ttl, 0.001, 86_400)) return undefined
  return { id, run, epoch, percent, seed, ttl, lease, harm }
}

/**
 * Whether connection number `connection` is among the picked share. Deterministic in seed and number (a 32-bit finaliser in the
 * manner of MurmurHash3, which spreads consecutive numbers evenly).
 */
export function picks(rule: Pick<RuleRequest, 'percent' | 'seed'>, connection: number): boolean {
  if (rule.percent >= 1) return true
  let hash = Math.imul((rule.seed ^ (rule.seed / 2 ** 32)) + 0x9e3779b9, 0x85ebca6b) ^ Math.imul(connection + 1, 0xc2b2ae35)
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return ((hash ^ (hash >>> 16)) >>> 0) / 2 ** 32 < rule.percent
}
