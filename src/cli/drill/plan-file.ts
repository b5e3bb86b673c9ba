import { rm } from 'node:fs/promises'
import type { Plan } from '../../domain/plan.ts'
import { runPaths } from '../../engine/home/layout.ts'
import { stopOf, unbegun } from '../host/failure.ts'
import { ownSignals, type StopSignal } from '../host/posix-signals.ts'
import { prepare } from './prepare.ts'
import type { Setting } from './setting.ts'

/** Plans a file and leaves nothing behind: a sandbox that it needed is gone when this resolves. */
export async function planFile(setting: Setting): Promise<Plan> {
  const ending = new AbortController()
  const end = (why: StopSignal): void => ending.abort(stopOf(why === 'SIGINT' ? 'Ctrl-C' : why))
  using _ = ownSignals({ stop: end, explain: () => undefined, force: () => process.exit(), crashed: (error) => ending.abort(error) })
  try {
    const prepared = await prepare({ ...setting, signal: ending.signal })
    if (prepared.kind === 'invalid') throw setting.problems(prepared)
    await using planned = prepared
    return planned.plan
  } catch (error) {
    throw unbegun(error, setting.file, ending.signal)
  } finally {
    await rm(runPaths(setting.home, setting.run).folder, { recursive: true, force: true })
  }
}
