import type { Context } from '../contracts/context.ts'
import type { SignalSeen } from '../contracts/signal.ts'
import { type Instant, instant, type Seconds, seconds } from '../domain/time.ts'

export interface Polled {
  readonly start: Instant
  readonly end: Instant
  readonly state: SignalSeen['state']
  readonly detail: string
}

/** No poll is given up sooner: a detector may be slow to tell. */
const LEAST_TIMEOUT = 1

export const pollTimeout = (every: Seconds): Seconds => seconds(Math.max(every, LEAST_TIMEOUT))

/**
 * Asks on absolute times, one question after another, and reports changes. A state came to be after the last poll that said otherwise
 * began and before the first that says so ended; polls in between that said nothing widen it. Of the first state only its sight is known.
 */
export async function pollSignal(
  every: Seconds,
  poll: () => Promise<Polled>,
  seen: (what: SignalSeen) => void,
  { clock, signal }: Context,
): Promise<void> {
  let said: SignalSeen['state'] | undefined
  let known: { readonly state: SignalSeen['state']; readonly lastStart: Instant } | undefined
  let due = clock.now()
  while (!signal.aborted) {
    const { start, end, state, detail } = await poll()
    if (signal.aborted) return
    if (state !== said) {
      const lo = known && known.state !== state ? known.lastStart : start
      seen({ state, at: { lo, hi: end }, detail })
      said = state
    }
    if (state !== 'unknown') known = { state, lastStart: start }
    due = nextDue(due, every, clock.now())
    await clock.sleep(seconds(Math.max(0, due - clock.now())), signal).catch(() => {})
  }
}

/** The next slot of the grid that is still to come. */
const nextDue = (due: Instant, every: Seconds, now: Instant): Instant => instant(due + every * Math.max(1, Math.ceil((now - due) / every)))
