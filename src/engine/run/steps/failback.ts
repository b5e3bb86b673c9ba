import type { Redundancy } from '../../../domain/experiment.ts'
import { formatDuration, type Instant, type Seconds, seconds } from '../../../domain/time.ts'
import type { Drill } from '../drill.ts'
import { steadyState } from './gate.ts'
import { perform } from './schedule.ts'
import { watchProbe } from './watch.ts'

const POLL = seconds(0.1)

/** The way home: the experiment's own actions, the spare back with its data, and the service steady again. Aborting the drill cuts it short. */
export async function failBack(drill: Drill): Promise<void> {
  const { failback, redundancy } = drill.experiment
  if (failback?.when === 'undone') await doAll(drill)
  if (redundancy) await watchRedundancy(drill, redundancy)
  if (failback?.when === 'redundancy-restored') await doAll(drill)
  const patience = failback?.within ?? seconds(drill.experiment.steadyState.hold + 10)
  const { held, why } = await steadyState(drill, patience)
  drill.log.append({ kind: 'note', text: held ? `home again: ${why}` : `not home: ${why}` })
}

async function doAll(drill: Drill): Promise<void> {
  for (const action of drill.experiment.failback?.do ?? []) if (!(await perform(drill, action))) return
}

/** One observation of the spare; `null`: nobody could tell. */
type Look = () => Promise<{ readonly back: boolean | null; readonly detail: string }>

/** Watches until the spare was back for the hold window: (last time it was not, first time it was]. */
async function watchRedundancy(drill: Drill, declared: Redundancy): Promise<void> {
  const name = Object.values(declared.by)[0] ?? ''
  const report = (restored: boolean, at: { readonly lo: number; readonly hi: number } | null, detail: string): void =>
    drill.log.append({ kind: 'redundancy', restored, at, by: name, detail })
  using looks = lookAt(drill, declared)
  const deadline = drill.clock.now() + declared.within
  let notBack: Instant = drill.clock.now()
  let back: { readonly lo: number; readonly hi: number } | null = null
  let detail = ''
  while (drill.clock.now() < deadline) {
    const asked = drill.clock.now()
    const seen = await looks.look()
    detail = seen.detail
    if (seen.back !== true) {
      notBack = asked
      back = null
    } else back ??= { lo: notBack, hi: drill.clock.now() }
    if (back && drill.clock.now() - back.hi >= declared.hold) return report(true, back, detail)
    await drill.clock.sleep(POLL, drill.abort.signal)
  }
  report(false, null, `not within ${formatDuration(declared.within)}: ${detail}`)
}

function lookAt(drill: Drill, { by, hold }: Redundancy): Disposable & { readonly look: Look } {
  if ('ledger' in by) {
    const { ledger } = by
    const look: Look = async () => {
      const seen = await drill.keeper?.agree(ledger)
      return seen ? { back: seen.agree, detail: seen.detail } : { back: null, detail: 'no ledger runs' }
    }
    return { look, [Symbol.dispose]: () => {} }
  }
  if ('signal' in by) {
    const look: Look = async () => {
      const seen = drill.feed.signals().get(by.signal)
      return { back: seen ? seen.state === 'quiet' : null, detail: seen?.detail ?? 'not heard of yet' }
    }
    return { look, [Symbol.dispose]: () => {} }
  }
  return lookAtProbe(drill, by.probe, hold)
}

/** The probe's newest sample decides; the hold is counted by the caller. */
function lookAtProbe(drill: Drill, probe: string, hold: Seconds): Disposable & { readonly look: Look } {
  const watch = watchProbe(drill.experiment, probe, { from: drill.clock.now(), good: drill.experiment.steadyState.good, hold })
  const listening = drill.feed.onSamples((name, block) => {
    if (name === probe) watch.feed(block)
  })
  const look: Look = async () => {
    const { steadySince } = watch.state()
    return { back: steadySince !== null, detail: steadySince !== null ? `"${probe}" is good` : `"${probe}" is not good` }
  }
  return { look, [Symbol.dispose]: () => listening[Symbol.dispose]() }
}
