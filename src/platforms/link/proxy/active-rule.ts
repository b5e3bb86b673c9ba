import { picks, type RuleCounters, type RuleRequest, type RuleState } from '../rule.ts'
import { createPacer, type Pacer } from './pacer.ts'

/** A rule that holds now, with what has happened under it. */
export interface ActiveRule {
  readonly request: RuleRequest
  /** CLOCK_MONOTONIC nanoseconds. */
  readonly applied: bigint
  readonly up: Pacer | null
  readonly down: Pacer | null
  readonly picks: (connection: number) => boolean
  /** Seconds to hold the next piece; its jitter is drawn from the rule's seed. */
  readonly delay: () => number
  /** A connection that was there, or came. */
  readonly consider: () => void
  /** Something was really done to a connection; called once for each. */
  readonly affect: () => void
  readonly counters: () => RuleCounters
  readonly state: () => RuleState
}

/** CLOCK_MONOTONIC, nanoseconds: the same clock in every process of this boot. */
export const monotonic = (): bigint => process.hrtime.bigint()

/** Uniform in [0, 1): mulberry32. */
function randomFrom(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

/** Starts counting, and starts the rule's time to live. */
export function activate(request: RuleRequest): ActiveRule {
  const applied = monotonic()
  let considered = 0
  let affected = 0
  let firstAffected: bigint | null = null
  const { harm } = request
  const random = randomFrom(request.seed)
  const pacer = (): Pacer | null => (harm.kind === 'throttle' ? createPacer(harm.rate) : null)
  const counters = (): RuleCounters => ({
    considered,
    affected,
    firstAffected: firstAffected === null ? null : String(firstAffected),
  })
  return {
    request,
    applied,
    up: pacer(),
    down: pacer(),
    picks: (connection) => picks(request, connection),
    delay: () => (harm.kind === 'delay' ? harm.latency + random() * harm.jitter : 0),
    consider() {
      considered++
    },
    affect() {
      affected++
      firstAffected ??= monotonic()
    },
    counters,
    state() {
      const { seed: _, ...rest } = request
      const gone = Number(monotonic() - applied) / 1e9
      return { ...rest, applied: String(applied), remaining: Math.max(0, request.ttl - gone), counters: counters() }
    },
  }
}
