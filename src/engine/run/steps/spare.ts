import type { Redundancy } from '../../../domain/experiment.ts'
import type { Interval } from '../../../domain/interval.ts'
import { formatDuration, type Instant, seconds } from '../../../domain/time.ts'
import type { Drill } from '../drill.ts'
import { watchProbe } from './watch.ts'

const POLL = seconds(0.1)

/** One look at the spare. */
interface SpareSeen {
  /** null: nobody could tell. */
  readonly back: boolean | null
  /** (last known not to be back, first known to be]; null: it was never seen gone since the injection, or only the looks tell. */
  readonly since: Interval | null
  /** It was seen gone since the injection, or nobody looked before. */
  readonly wasGone: boolean
  readonly detail: string
}

/** What shows the spare, watched from the injection on: it may be back before anybody asks. */
export interface Spare extends Disposable {
  readonly declared: Redundancy
  readonly look: () => Promise<SpareSeen>
}

/** null where the experiment does not say what shows it. `from`: just before the first injection. */
export function watchSpare(drill: Drill, from: Instant): Spare | null {
  const declared = drill.experiment.redundancy
  if (!declared) return null
  const { by } = declared
  if ('ledger' in by) return onLedger(drill, declared, by.ledger)
  return 'signal' in by ? onSignal(drill, declared, by.signal, from) : onProbe(drill, declared, by.probe, from)
}

const nothing = { [Symbol.dispose]: () => undefined }

/** A ledger is compared when it is asked, and not before the way home: it is not known to have been apart, nor not to have been. */
const onLedger = (drill: Drill, declared: Redundancy, ledger: string): Spare => ({
  ...nothing,
  declared,
  look: async () => {
    const seen = await drill.keeper?.agree(ledger)
    return { back: seen ? seen.agree : null, since: null, wasGone: true, detail: seen?.detail ?? 'no ledger runs' }
  },
})

const onSignal = (drill: Drill, declared: Redundancy, signal: string, from: Instant): Spare => ({
  ...nothing,
  declared,
  look: async () => {
    const seen = drill.feed.signals().get(signal)
    const changed = seen !== undefined && seen.at.hi > from
    return {
      back: seen ? seen.state === 'quiet' : null,
      since: changed ? seen.at : null,
      wasGone: changed,
      detail: seen?.detail ?? 'not heard of yet',
    }
  },
})

/** The probe's newest sample decides; the hold is counted by the caller. */
function onProbe(drill: Drill, declared: Redundancy, probe: string, from: Instant): Spare {
  const watch = watchProbe(drill.experiment, probe, { from, good: drill.experiment.steadyState.good, hold: declared.hold })
  const listening = drill.feed.onSamples((name, block) => {
    if (name === probe) watch.feed(block)
  })
  return {
    declared,
    look: async () => {
      const { steadySince, lastBad, downSince } = watch.state()
      const wasGone = downSince !== null
      const since = steadySince !== null && lastBad !== null && wasGone ? { lo: Math.min(lastBad, steadySince), hi: steadySince } : null
      return { back: steadySince !== null, since, wasGone, detail: steadySince === null ? `"${probe}" is not good` : `"${probe}" is good` }
    },
    [Symbol.dispose]: () => listening[Symbol.dispose](),
  }
}

/**
 * Watches on until the spare was back for the hold window, and journals since when: (last time it was not, first time it was]. One that was
 * never seen gone is journaled as there, without a time.
 */
export async function awaitSpare(drill: Drill, { declared, look }: Spare, injected: Instant): Promise<void> {
  const by = Object.values(declared.by)[0] ?? ''
  const report = (restored: boolean, at: Interval | null, detail: string): void =>
    drill.log.append({ kind: 'redundancy', restored, at, by, detail })
  const deadline = drill.clock.now() + declared.within
  // Nobody looked between the injection and now.
  let notBack: number = injected
  let back: Interval | null = null
  let detail = ''
  while (drill.clock.now() < deadline) {
    const asked = drill.clock.now()
    const seen = await look()
    detail = seen.detail
    if (seen.back === true) back = seen.since ?? back ?? { lo: notBack, hi: drill.clock.now() }
    else {
      notBack = asked
      back = null
    }
    if (back && drill.clock.now() - back.hi >= declared.hold) return report(true, seen.wasGone ? back : null, detail)
    await drill.clock.sleep(POLL, drill.abort.signal)
  }
  report(false, null, `not within ${formatDuration(declared.within)}: ${detail}`)
}
