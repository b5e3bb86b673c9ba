import type { Context } from '../../contracts/context.ts'
import type { Interval } from '../../domain/interval.ts'
import { type Seconds, seconds } from '../../domain/time.ts'

/** How often a cheap look is taken. */
const EVERY: Seconds = seconds(0.002)

/**
 * Looks again and again until `look` sees it: (start of the last look that did not, end of the first that did]. undefined when the signal
 * aborts before. Never rejects on abort.
 */
export async function firstSeen(
  look: () => boolean | Promise<boolean>,
  { clock, signal }: Context,
  every = EVERY,
): Promise<Interval | undefined> {
  for (let lo = clock.now(); !signal.aborted; ) {
    const began = clock.now()
    if (await look()) return { lo, hi: clock.now() }
    lo = began
    await clock.sleep(every, signal).catch(() => undefined)
  }
  return undefined
}
