import type { LedgerTally } from '../../../contracts/keeper.ts'
import type { Objectives } from '../../../domain/experiment.ts'
import { formatDuration, type Instant, type Seconds, seconds } from '../../../domain/time.ts'
import type { RecoveryWatch } from '../../../measure/recovery/recovery.ts'
import type { Drill } from '../drill.ts'
import { watchProbe } from './watch.ts'

/** Beyond the promised time the drill goes on this much longer, so that a broken promise is reported with its true length where it can. */
const PATIENCE = seconds(5)
/** How long writes must have been acknowledged again before the survivor's ledger is read. */
const WRITES_BACK = seconds(1)

/** What the engine waits for before it lifts a fault: every objective can be judged. Knows nothing of verdicts. */
export interface Judgement extends Disposable {
  /** The effect of the fault whose effect starts the clock was proven at this time. */
  effective(fault: string, at: Instant): void
  tally(tally: LedgerTally): void
  /** What it still waits for; null when everything can be judged. */
  waitsFor(now: Instant): string | null
}

export function createJudgement(drill: Drill): Judgement {
  const { objectives } = drill.experiment
  const start: { at: Instant | null } = { at: null }
  const fired = new Set<string>()
  const tallies = new Map<string, LedgerTally>()
  const recovery: { watch: RecoveryWatch | null } = { watch: null }
  const samples = drill.feed.onSamples((probe, block) => {
    if (probe === objectives.rto?.to.probe) recovery.watch?.feed(block)
  })
  const signals = drill.feed.onSignal((name, seen) => {
    if (seen.state === 'firing' && start.at !== null) fired.add(name)
  })
  const untimed = !objectives.rto && !objectives.detection && !objectives.rpo
  const from = objectives.rto?.from ?? objectives.detection?.from
  return {
    effective: (fault, at) => {
      if (start.at !== null || (from !== undefined && from !== fault)) return
      start.at = at
      if (objectives.rto)
        recovery.watch = watchProbe(drill.experiment, objectives.rto.to.probe, {
          from: at,
          good: objectives.rto.to.good,
          hold: objectives.rto.hold,
        })
    },
    tally: (tally) => void tallies.set(tally.ledger, tally),
    waitsFor: (now) => {
      if (start.at === null) return 'the effect'
      const since = seconds(now - start.at)
      if (untimed && since < drill.experiment.steadyState.hold) return 'something to see'
      return (
        waitsForRto(objectives.rto, recovery.watch, since) ??
        waitsForDetection(objectives.detection, fired, since) ??
        waitsForWrites(objectives, tallies, now, since)
      )
    },
    [Symbol.dispose]: () => {
      samples[Symbol.dispose]()
      signals[Symbol.dispose]()
    },
  }
}

function waitsForRto(rto: Objectives['rto'], watch: RecoveryWatch | null, since: Seconds): string | null {
  if (!rto || since > rto.within * 2 + rto.hold + PATIENCE) return null
  return watch?.state().held ? null : `recovery of "${rto.to.probe}" held for ${formatDuration(rto.hold)}`
}

function waitsForDetection(detection: Objectives['detection'], fired: ReadonlySet<string>, since: Seconds): string | null {
  if (!detection || since > detection.within + PATIENCE) return null
  return fired.has(detection.signal) ? null : `signal "${detection.signal}"`
}

function waitsForWrites(objectives: Objectives, tallies: ReadonlyMap<string, LedgerTally>, now: Instant, since: Seconds): string | null {
  if (!objectives.rpo || since > (objectives.rto?.within ?? 30) * 2 + PATIENCE) return null
  const lastAck = tallies.get(objectives.rpo.ledger)?.lastAck ?? null
  const back = lastAck !== null && now - lastAck < WRITES_BACK && since > WRITES_BACK
  return back ? null : `acknowledged writes of "${objectives.rpo.ledger}"`
}

/** Objectives about a whole stretch of time keep a fault with an end in place until that end. */
export const needsWholeFault = ({ rto, detection, rpo, budget, latency, wrong }: Objectives): boolean =>
  (!rto && !detection && !rpo) || budget !== undefined || latency !== undefined || wrong !== undefined
