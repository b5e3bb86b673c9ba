import type { JournalEntry } from '../domain/event.ts'
import type { SignalDecl } from '../domain/experiment.ts'
import type { Interval } from '../domain/interval.ts'
import type { Measured } from '../domain/record.ts'
import { elapsed, measured, notMeasured } from './measured.ts'
import { eventsOf, type FaultTimes, type Timeline } from './timeline.ts'

/**
 * Time to detection of one signal: its first firing after the call − T_eff.
 * A signal that fired already before says nothing; one that never fired is censored at the end of the watching; one that nobody could read is unknown.
 */
export function detectionOf(
  journal: readonly JournalEntry[],
  timeline: Timeline,
  signal: SignalDecl,
  fault: FaultTimes | undefined,
): Measured {
  if (!fault?.effective) return notMeasured('s', 'no effect was proven, so there was nothing to detect')
  if (timeline.stepped) return notMeasured('s', 'the clock stepped during the drill')
  const seen = eventsOf(journal, 'signal').filter((event) => event.signal === signal.name)
  const called = fault.called.lo
  const before = seen.filter(({ at }) => at.hi < called).at(-1)
  if (before?.state === 'firing') return notMeasured('s', `"${signal.name}" was firing already before the fault`)
  const home = timeline.phases.find(({ phase }) => phase === 'failback')?.from ?? timeline.end
  const after = seen.filter(({ at }) => at.hi >= called && at.lo <= home)
  const fired = after.find(({ state }) => state === 'firing')
  const blind = (before?.state === 'unknown' ? before : undefined) ?? after.find(({ state }) => state === 'unknown')
  const method = `${signal.stage}: first firing of "${signal.name}" after the call − T_eff`
  const from = blind ? Math.max(called, Math.min(blind.at.lo, fired?.at.lo ?? blind.at.lo)) : null
  if (fired) {
    const at: Interval = { lo: Math.max(called, from ?? fired.at.lo), hi: fired.at.hi }
    return elapsed(at, fault.effective, { method, resolution: `signal read every ${signal.every} s` })
  }
  if (blind) return notMeasured('s', `"${signal.name}" could not be read: ${blind.detail}`)
  return measured(Math.max(0, home - fault.effective.hi), null, { unit: 's', method, resolution: `signal read every ${signal.every} s` })
}
