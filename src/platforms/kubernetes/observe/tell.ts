import type { SignalSeen } from '../../../contracts/signal.ts'
import { instant } from '../../../domain/time.ts'
import type { Judged } from './judge/judge.ts'

/** From judgements to what a signal reports: changes only, each with the interval that holds the truth. */
export interface Teller {
  /** `before`: the last moment at which it was certainly otherwise. `looked`: when the look that shows it began. `at`: its receipt. */
  judged(what: Judged, before: number, looked: number, at: number): void
  /** Nobody knows since some moment between these. */
  lost(why: string, since: number, at: number): void
}

/**
 * A controller writes its time down first and the object a moment later. A time that is older than what was seen to be otherwise by more
 * than this, seconds, is not of this change, or is of a clock that is wrong.
 */
const WRITING = 5

export function createTeller(seen: (what: SignalSeen) => void): Teller {
  let said: SignalSeen['state'] | undefined
  let known: SignalSeen['state'] | undefined
  const tell = (state: SignalSeen['state'], lo: number, hi: number, detail: string): void => {
    said = state
    seen({ state, at: { lo: instant(Math.min(lo, hi)), hi: instant(hi) }, detail })
  }
  return {
    judged({ state, detail, stamp, at: truth }, before, looked, at) {
      if (state === 'unknown') {
        if (said !== 'unknown') tell('unknown', before, at, detail)
        return
      }
      const other = known !== undefined && known !== state
      known = state
      if (state === said) return
      // Of the first state, and of one that is as it was before nobody knew, only its sight is known.
      if (!other) return tell(state, looked, at, detail)
      if (truth) return tell(state, truth.lo, Math.min(truth.hi, at), detail)
      // The server says that its controller decided a moment before it was to be seen: the interval holds both.
      const decided = stamp && stamp.hi >= before - WRITING ? stamp.lo : before
      return tell(state, Math.min(before, decided), at, detail)
    },
    lost(why, since, at) {
      if (said !== 'unknown') tell('unknown', since, at, why)
    },
  }
}
