import { formatDuration, type Seconds, seconds } from '../../../domain/time.ts'
import type { Drill } from '../drill.ts'
import { watchProbe } from './watch.ts'

/** A stumble right after the start may delay the baseline, not more than this much beyond the hold. */
const GRACE = seconds(5)
const POLL = seconds(0.02)

/**
 * Waits until every steady-state probe was good for the hold window. The answer says why when it was not within hold + a few seconds.
 * Rejects when the drill is aborted.
 */
export async function steadyState(drill: Drill, patience: Seconds = GRACE): Promise<{ readonly held: boolean; readonly why: string }> {
  const { probes, hold, good } = drill.experiment.steadyState
  const from = drill.clock.now()
  const watches = new Map(probes.map((probe) => [probe, watchProbe(drill.experiment, probe, { from, good, hold })]))
  using _ = drill.feed.onSamples((probe, block) => watches.get(probe)?.feed(block))
  const deadline = from + hold + patience
  const missing = (): readonly string[] => probes.filter((probe) => !watches.get(probe)?.state().held)
  while (missing().length > 0 && drill.clock.now() < deadline) await drill.clock.sleep(POLL, drill.abort.signal)
  const open = missing()
  return open.length === 0
    ? { held: true, why: `${probes.join(', ') || 'no probe'} good for ${formatDuration(hold)}` }
    : {
        held: false,
        why: `${open.map((probe) => `"${probe}"`).join(', ')} not good for ${formatDuration(hold)} within ${formatDuration(seconds(hold + patience))}`,
      }
}
