import type { SignalSeen } from '../../../contracts/signal.ts'
import type { Instant } from '../../../domain/time.ts'
import type { Watched } from './questions.ts'

/** What one signal tells, over one worker after the other: each of them begins by saying how it is. */
export interface Story {
  hear(what: SignalSeen): void
  /** Nobody watches since some moment after the last word. */
  lost(why: string): void
}

/** These fire once, and count from the start of their watch: what a worker that began later calls quiet says nothing about the time before. */
const LASTING: ReadonlySet<Watched['kind']> = new Set(['event', 'restarts'])
const MISSED = 'whether it happened while nobody watched is not known'

export function createStory(kind: Watched['kind'], tell: (what: SignalSeen) => void, now: () => Instant): Story {
  let heard = now()
  let said: SignalSeen['state'] | undefined
  let fired: SignalSeen | undefined
  let interrupted = false
  const truth = (what: SignalSeen): SignalSeen => {
    if (!interrupted || what.state !== 'quiet' || !LASTING.has(kind)) return what
    return { ...what, ...(fired ? { state: 'firing', detail: fired.detail } : { state: 'unknown', detail: MISSED }) }
  }
  const say = (what: SignalSeen): void => {
    if (what.state === said) return
    said = what.state
    if (what.state === 'firing') fired = what
    tell(what)
  }
  return {
    hear(what) {
      heard = now()
      say(truth(what))
    },
    lost(why) {
      interrupted = true
      say({ state: 'unknown', at: { lo: heard, hi: now() }, detail: why })
    },
  }
}
