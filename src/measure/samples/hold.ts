/** One reading of a stream of samples in order of their start. Times in microseconds. */
export interface HoldFold {
  /** `surely`: it was seen to be good; else it may have been. */
  good(start: number, end: number, samples: number, surely: boolean): void
  /** Not good. `surely`: the service was down; else it may have been, which breaks a run but is no outage to recover from. */
  bad(start: number, end: number, samples: number, surely: boolean): void
  state(): HoldState
}

export interface HoldState {
  /** End of the first good sample of the run under way. */
  readonly since: number | null
  readonly held: boolean
  /** End of the first good sample of the first run that held at all. */
  readonly heldFirst: number | null
  /** Start of the first sample that was surely bad and broke the level. */
  readonly downSince: number | null
  /** (start of the last bad sample, end of the first good one of the run that held]. */
  readonly recovered: { readonly lo: number; readonly hi: number } | null
  /** The same for the first good sample after the service went down, whether it held or not; `hi` null: none was surely good. */
  readonly first: { readonly lo: number; readonly hi: number | null } | null
  /** Good runs that did not hold, and after them those that did: each with a sample that was surely good. */
  readonly relapses: number
  readonly fellAgain: number
  readonly lastBad: number | null
}

export interface HoldRule {
  readonly good: number
  readonly hold: number
  /** Within this a service that is well answers. */
  readonly typical: () => number
  /** Where the edges of a run leave it open whether it lasted for `hold`, it did. */
  readonly generous: boolean
}

/** A run of samples in which the share of good ones has not yet fallen below the level. */
interface Run {
  readonly since: number
  /** Start of the last bad sample before it. */
  readonly after: number
  /** The stretch under way: a run that has held goes on in stretches of `hold`, so that an old good hour does not hide a bad minute. */
  from: number
  held: boolean
  /** Some sample of it was surely good. */
  seen: boolean
  /** Good samples in excess of the level: good · (1 − level) − bad · level. Below zero the level is broken. */
  excess: number
}

const ROUNDING = 1e-9

/**
 * Finds the first run that holds. If the running share from one good sample falls below the level at some later sample, then so does the share
 * from every good sample in between (they only lack an excess that was not negative): one run at a time is enough.
 */
export function createHoldFold(rule: HoldRule): HoldFold {
  let run: Run | null = null
  let downSince: number | null = null
  let lastBad = Number.NEGATIVE_INFINITY
  /** A good sample that began before this overlaps a bad one and does not say that it was the later of the two. */
  let clear = Number.NEGATIVE_INFINITY
  let first: HoldState['first'] = null
  let recovered: HoldState['recovered'] = null
  let heldFirst: number | null = null
  let relapses = 0
  let fellAgain = 0

  const holdIfDue = (by: number) => {
    if (run === null || by < run.from + rule.hold) return
    run.held = true
    heldFirst ??= run.since
    run.from = by
    run.excess = 0
    if (downSince !== null && recovered === null) recovered = { lo: run.after, hi: run.since }
  }
  const fall = () => {
    if (run?.seen === true && recovered !== null) fellAgain++
    else if (run?.seen === true && downSince !== null) relapses++
    run = null
  }
  return {
    good(start, end, samples, surely) {
      holdIfDue(start)
      if (downSince !== null && start >= clear) {
        first ??= { lo: lastBad, hi: null }
        if (surely && first.hi === null) first = { lo: first.lo, hi: end }
      }
      if (run !== null) run.excess += samples * (1 - rule.good)
      else if (start >= clear) {
        const from = rule.generous && Number.isFinite(lastBad) ? lastBad : end
        run = { since: end, after: lastBad, from, held: false, seen: false, excess: samples * (1 - rule.good) }
      }
      if (run !== null && surely) run.seen = true
    },
    bad(start, end, samples, surely) {
      if (rule.generous) holdIfDue(end)
      lastBad = Math.max(lastBad, start)
      clear = Math.max(clear, Math.min(end, start + rule.typical()))
      if (run !== null) {
        run.excess -= samples * rule.good
        if (run.excess < -ROUNDING) fall()
      }
      if (run === null && surely) downSince ??= start
    },
    state: () => ({
      since: run?.since ?? null,
      held: run?.held ?? false,
      heldFirst,
      downSince,
      recovered,
      first,
      relapses,
      fellAgain,
      lastBad: lastBad === Number.NEGATIVE_INFINITY ? null : lastBad,
    }),
  }
}
