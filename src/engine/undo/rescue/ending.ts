import { dirname } from 'node:path'
import { describe } from '../../../domain/error.ts'
import type { DrillEvent, EventOf } from '../../../domain/event.ts'
import { EXIT } from '../../../domain/verdict.ts'
import { type RunInfo, updateRun } from '../../home/runs.ts'
import { releaseLocksOf } from '../../locks/locks.ts'
import { scrubAfter } from '../leftovers.ts'
import type { UndoResult } from '../undo-records.ts'
import { type Bench, entryOf, type RescueDeps } from './bench.ts'

/** Removes what the ledgers made; in a system of the drill's own it goes with that. */
export async function cleanUp({ info, unfinished, journal, read }: Bench, deps: RescueDeps): Promise<void> {
  const opened = entryOf({ read }, 'drill.opened')?.event as EventOf<'drill.opened'> | undefined
  if (!unfinished || info.sandbox || !opened) return
  const plan = {
    run: deps.run,
    out: info.out,
    folder: dirname(info.file),
    env: deps.env,
    lease: { file: deps.lease.file, epoch: deps.lease.epoch },
  }
  for (const event of await scrubAfter({ ...plan, monotonic: BigInt(opened.monotonic) }, deps.registry)) {
    deps.log(`left behind: ${event.what}`)
    journal.append(event)
  }
}

/** Ends the system that the drill had started for itself; what cannot be ended is journaled as left behind. */
export async function takeDown(info: RunInfo, { journal }: Bench, deps: RescueDeps): Promise<void> {
  if (!info.sandbox) return
  try {
    const system = deps.registry.systems.get(info.sandbox.system)
    if (!system) throw new Error(`no system ${info.sandbox.system} is known`)
    await system.down(info.sandbox.handle)
    deps.log(`${info.sandbox.system} is down`)
  } catch (error) {
    deps.log(`${info.sandbox.system}: ${describe(error)}`)
    journal.append({ kind: 'left-behind', what: `the sandbox ${info.sandbox.system}: ${describe(error)}`, where: 'this machine' })
  }
}

/** The end that the journal lacks, the report, the locks, the lease. Locks are kept while something is still faulted. */
export async function close(bench: Bench, deps: RescueDeps, results: readonly UndoResult[], loadLeft: boolean): Promise<void> {
  const left = stillFaulted(results)
  const { journal, unfinished, info } = bench
  const end = reasonOf(deps, results, left)
  if (unfinished) journal.append(closedEvent(bench, end, left.length > 0))
  await journal.close().catch((error: unknown) => deps.log(describe(error)))
  if (left.length === 0) letGoOfLocks(deps)
  // A drill that died before its first entry has nothing to report.
  if (unfinished || (info.state === 'running' && entryOf(bench, 'drill.opened'))) await finished(info.out, deps)
  await updateRun(deps.home, deps.run, { state: 'ended', end, ...(info.load && { load: { ...info.load, left: loadLeft } }) }).catch(
    (error: unknown) => deps.log(describe(error)),
  )
  deps.lease.release()
  deps.log(end)
}

function letGoOfLocks({ home, run, log }: RescueDeps): void {
  try {
    releaseLocksOf(home, run)
  } catch (error) {
    log(`the locks are left to whoever takes them over: ${describe(error)}`)
  }
}

async function finished(out: string, { finish, log }: RescueDeps): Promise<void> {
  try {
    await finish?.(out)
  } catch (error) {
    log(`the report could not be written: ${describe(error)}`)
  }
}

export const stillFaulted = (results: readonly UndoResult[]): readonly UndoResult[] =>
  results.filter(({ outcome }) => outcome.state === 'failed')

function reasonOf({ why, by, run }: RescueDeps, results: readonly UndoResult[], left: readonly UndoResult[]): string {
  const who = by === 'watchdog' ? 'its watchdog' : '`firedrill undo`'
  if (results.length === 0) return `firedrill was cut off (${why}); nothing of it was faulted`
  if (left.length === 0) return `firedrill was cut off (${why}); ${who} put everything back`
  return `firedrill was cut off (${why}) and ${left.map(({ record }) => record.target).join(', ')} is still faulted: firedrill undo --run ${run}`
}

function closedEvent({ read, clock }: Bench, reason: string, failed: boolean): DrillEvent {
  const opened = entryOf({ read }, 'drill.opened')
  const origin = opened ? Date.parse((opened.event as EventOf<'drill.opened'>).origin) / 1000 : clock.wall()
  const verdict = failed ? 'undo-failed' : 'aborted'
  const end = new Date(clock.wall() * 1000).toISOString()
  return { kind: 'drill.closed', verdict, exit: EXIT[verdict], reason, end, drift: clock.wall() - origin - clock.now() }
}
