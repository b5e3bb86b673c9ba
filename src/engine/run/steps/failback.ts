import { type Instant, seconds } from '../../../domain/time.ts'
import type { Drill } from '../drill.ts'
import { steadyState } from './gate.ts'
import { perform } from './schedule.ts'
import { awaitSpare, type Spare } from './spare.ts'

/** The way home: the experiment's own actions, the spare back with its data, and the service steady again. Aborting the drill cuts it short. */
export async function failBack(drill: Drill, spare: Spare | null, injected: Instant): Promise<void> {
  const { failback } = drill.experiment
  if (failback?.when === 'undone') await doAll(drill)
  if (spare) await awaitSpare(drill, spare, injected)
  if (failback?.when === 'redundancy-restored') await doAll(drill)
  const patience = failback?.within ?? seconds(drill.experiment.steadyState.hold + 10)
  const { held, why } = await steadyState(drill, patience)
  drill.log.append({ kind: 'note', text: held ? `home again: ${why}` : `not home: ${why}` })
}

async function doAll(drill: Drill): Promise<void> {
  for (const action of drill.experiment.failback?.do ?? []) if (!(await perform(drill, action))) return
}
