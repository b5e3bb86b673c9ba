import type { SampleBlock } from '../../domain/sample.ts'
import { createHoldFold, type HoldState } from '../samples/hold.ts'
import { MICRO } from '../samples/micro.ts'
import { type Columns, createOrder } from '../samples/order.ts'
import { BAD, createTypical, GOOD, noTrouble, type Reading, readingAt, type Trouble } from '../samples/reading.ts'

export interface RecoveryOptions {
  /** Least share of good samples, 0 to 1. */
  readonly good: number
  /** How long it must stay so, seconds. */
  readonly hold: number
  /** The probe's interval and deadline, seconds. */
  readonly every: number
  readonly timeout: number
  /** Samples that ended before this (seconds, drill clock) only teach how fast a good answer is. */
  readonly from?: number
  /** Samples that began at or after this do not count. */
  readonly until?: number
  /** Whether the observer was in trouble of its own during [start, end] (microseconds): such samples are unknown. */
  readonly trouble?: Trouble
}

/** Seconds on the drill's clock. Everything is a bound: the truth is not better than what `least` readings say, nor worse than `most`. */
export interface RecoveryState {
  /** End of the first good sample of the good run under way, unknown samples counted as bad; null: no such run. */
  readonly steadySince: number | null
  /** That run has lasted for `hold`. */
  readonly held: boolean
  /** The same as `steadySince` of the first run that lasted for `hold`. */
  readonly heldFirst: number | null
  /** Start of the first bad sample that broke the service level since `from`; null: none did. */
  readonly downSince: number | null
  /** First start of the run that held after the service was down; `hi` null: only if the unknown samples were good. */
  readonly recovered: { readonly lo: number; readonly hi: number | null } | null
  /** First good sample after the service went down; `hi` null: none was seen, those that nobody knows may have been. */
  readonly first: { readonly lo: number; readonly hi: number | null } | null
  /** Good runs after the first bad sample that were seen and did not hold. */
  readonly relapses: number
  /** How often the level was broken again after it had recovered. */
  readonly fellAgain: number
  /** Start of the latest bad sample. */
  readonly lastBad: number | null
  /** Start of the latest sample that was judged; samples are held back for the probe's deadline. */
  readonly seenUntil: number | null
  readonly good: number
  readonly bad: number
  readonly unknown: number
}

export interface RecoveryWatch {
  feed(block: Columns | SampleBlock): void
  /** No more samples will come: judge the ones held back too. */
  finish(): void
  state(): RecoveryState
}

const seconds = (micros: number): number => micros / MICRO

/** The rule itself: takes samples in order of their start, each with what it says. */
export interface RecoveryFold {
  /** Times in microseconds. */
  row(reading: Reading, planned: number, start: number, end: number): void
  state(): RecoveryState
}

/**
 * Finds "recovered": the first good sample from which the share of good samples never falls below `good` for `hold`.
 * It reads every sample twice, once with everything that nobody knows to the service's favour and once against it; what both readings bound is
 * what was measured. A slot that was never recorded is unknown too: a watch without samples never holds.
 */
export function createRecoveryFold(options: Omit<RecoveryOptions, 'timeout' | 'trouble'>): RecoveryFold {
  const every = options.every * MICRO
  const from = (options.from ?? Number.NEGATIVE_INFINITY) * MICRO
  const until = (options.until ?? Number.POSITIVE_INFINITY) * MICRO
  const typical = createTypical()
  const rule = { good: options.good, hold: options.hold * MICRO, typical: () => typical.value() }
  const folds = { best: createHoldFold({ ...rule, generous: true }), worst: createHoldFold({ ...rule, generous: false }) }
  const counts = { good: 0, bad: 0, unknown: 0 }
  /** When the latest slot was due; from here on every slot is accounted for. */
  let due = options.from === undefined ? Number.NaN : from
  let seenUntil: number | null = null
  let firstUnknown: number | null = null

  const unknown = (start: number, end: number, slots: number) => {
    counts.unknown += slots
    firstUnknown ??= start
    folds.best.good(start, end, slots, false)
    folds.worst.bad(start, end, slots, false)
  }
  return {
    row(reading, planned, start, end) {
      if (reading === GOOD) typical.add(end - start)
      if (end < from || start >= until) return
      if (planned - due > every * 1.5) unknown(due + every, planned, Math.round((planned - due) / every) - 1)
      if (!(planned < due)) due = planned
      if (seenUntil === null || start > seenUntil) seenUntil = start
      if (reading === GOOD) {
        counts.good++
        folds.best.good(start, end, 1, true)
        folds.worst.good(start, end, 1, true)
      } else if (reading === BAD) {
        counts.bad++
        folds.best.bad(start, end, 1, true)
        folds.worst.bad(start, end, 1, true)
      } else unknown(Math.min(start, planned), end, 1)
    },
    state: () => ({
      ...counts,
      ...stateOf(folds.best.state(), folds.worst.state(), firstUnknown, rule.hold),
      seenUntil: secondsOf(seenUntil),
    }),
  }
}

/** The same for samples as they come, in order of their completion: what gates the start and ends the watching while a drill runs. */
export function createRecoveryWatch(options: RecoveryOptions): RecoveryWatch {
  const fold = createRecoveryFold(options)
  const trouble = options.trouble ?? noTrouble
  const order = createOrder(options.timeout * MICRO, (rows) => {
    for (let i = 0; i < rows.length; i++) fold.row(readingAt(rows, i, trouble), rows.planned[i] ?? 0, rows.start[i] ?? 0, rows.end[i] ?? 0)
  })
  return { feed: (block) => order.feed(block), finish: () => order.flush(), state: () => fold.state() }
}

function stateOf(best: HoldState, worst: HoldState, firstUnknown: number | null, hold: number) {
  return {
    steadySince: secondsOf(worst.since),
    held: worst.held,
    heldFirst: secondsOf(worst.heldFirst),
    downSince: secondsOf(best.downSince),
    recovered: recoveredBetween(best, worst, firstUnknown, hold),
    first: firstBetween(best, firstUnknown),
    relapses: best.relapses,
    fellAgain: best.fellAgain,
    lastBad: secondsOf(best.lastBad),
  }
}

/** An unknown sample before the service was seen to be down may have been an outage of its own. */
function firstBetween({ first, downSince }: HoldState, firstUnknown: number | null): RecoveryState['first'] {
  if (first === null || downSince === null) return null
  const lo = firstUnknown !== null && firstUnknown < downSince ? Math.min(firstUnknown, first.lo) : first.lo
  return { lo: seconds(lo), hi: secondsOf(first.hi) }
}

const secondsOf = (micros: number | null): number | null => (micros === null ? null : seconds(micros))

/**
 * What the reading with unknown samples as good and the one with them as bad say together. An unknown sample that long before the service went
 * down may have been an outage of its own, from which it had recovered before.
 */
function recoveredBetween(
  best: HoldState,
  worst: HoldState,
  firstUnknown: number | null,
  hold: number,
): { lo: number; hi: number | null } | null {
  if (best.downSince === null || best.recovered === null) return null
  const before = firstUnknown !== null && firstUnknown + hold <= best.downSince ? firstUnknown : best.recovered.lo
  return { lo: seconds(Math.min(before, best.recovered.lo)), hi: worst.recovered === null ? null : seconds(worst.recovered.hi) }
}
