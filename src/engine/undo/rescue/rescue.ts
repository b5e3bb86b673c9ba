import { LEASE_VALID } from '../../../contracts/lease.ts'
import { describe } from '../../../domain/error.ts'
import type { DrillEvent } from '../../../domain/event.ts'
import { seconds } from '../../../domain/time.ts'
import type { UndoRecord } from '../../../domain/undo.ts'
import { EXIT } from '../../../domain/verdict.ts'
import { readRun } from '../../home/runs.ts'
import { endForSure } from '../../lease/identity.ts'
import { unlockPlatforms } from '../../locks/platform-locks.ts'
import { settle, tryUndo, type UndoResult, undoRecords } from '../undo-records.ts'
import { type Bench, hasKind, type RescueDeps, setUp } from './bench.ts'
import { cleanUp, close, stillFaulted, takeDown } from './ending.ts'
import { putAwayLoad } from './load.ts'

export interface Rescue {
  readonly results: readonly UndoResult[]
  /** 0: nothing of this run is faulted. 5: something is. */
  readonly exit: typeof EXIT.held | (typeof EXIT)['undo-failed']
}

/**
 * Ends a drill whose engine is dead: undoes what is open, reads back once more a lease later, takes down its own system, closes its journal,
 * has it reported, and lets its locks go. Whatever of that fails, the rest is done.
 */
export async function rescue(deps: RescueDeps): Promise<Rescue> {
  // The sandbox may have come up since.
  const info = await readRun(deps.home, deps.run).catch(() => deps.info)
  const bench = await setUp(info, deps)
  if (bench.unfinished) announce(bench, deps)
  else bench.journal.append(takenEvent(deps))
  const records = await openRecords(bench, deps)
  deps.log(`${records.length} to undo`)
  const first = await undoRecords(records, bench.deps)
  for (const { record, outcome } of first) deps.log(`${record.id}: ${outcome.state}, ${outcome.detail}`)
  for (const helper of info.helpers ?? []) await endForSure(helper)
  await putAwayLoad(bench, deps)
  const second = first.length === 0 ? first : await readBackAgain(first, bench, deps)
  if (first.length === 0 && info.load) await bench.deps.clock.sleep(deps.again ?? LEASE_VALID)
  // As for every undo: a call that was on its way has arrived by now.
  const left = await putAwayLoad(bench, deps)
  if (left) bench.journal.append(left)
  await cleanUp(bench, deps)
  await takeDown(info, bench, deps)
  // What ran in the drill's own system is gone with it.
  if (stillFaulted(second).length === 0) await unlockPlatforms(info.locks ?? [], deps.registry, bench.context)
  const results = info.sandbox ? await retryFailed(second, bench) : second
  await close(bench, deps, results, left !== undefined)
  return { results, exit: stillFaulted(results).length > 0 ? EXIT['undo-failed'] : EXIT.held }
}

const takenEvent = ({ by, why, lease }: RescueDeps): DrillEvent => ({ kind: 'lease.taken', by, epoch: lease.epoch, why })

function announce({ journal, read }: Bench, deps: RescueDeps): void {
  journal.append(takenEvent(deps))
  for (const { detail } of read.problems) journal.append({ kind: 'note', text: `The journal as it was found: ${detail}` })
  if (!hasKind({ read }, 'abort')) journal.append({ kind: 'abort', cause: 'engine-died', detail: deps.why })
  if (!read.entries.some(({ event }) => event.kind === 'phase' && event.phase === 'undo')) journal.append({ kind: 'phase', phase: 'undo' })
}

/** What this machine's records and the journal's intents name, without what the journal says was undone. */
async function openRecords({ read, unfinished, deps: { stores } }: Bench, deps: RescueDeps): Promise<readonly UndoRecord[]> {
  const stored = await Promise.all(
    stores.map((store) =>
      store.list(deps.run).catch((error: unknown) => {
        deps.log(`${store.where}: ${describe(error)}`)
        return []
      }),
    ),
  )
  const records = new Map<string, UndoRecord>()
  // A drill that was closed has said what it left; what was undone by hand since then stands in the stores alone.
  const events = unfinished ? read.entries.map(({ event }) => event) : []
  for (const event of events) if (event.kind === 'fault.intent' && event.undo) records.set(event.undo.id, event.undo)
  for (const record of stored.flat()) records.set(record.id, record)
  for (const event of events) if (event.kind === 'undo.ended' && event.state !== 'failed') records.delete(event.undo)
  return [...records.values()]
}

/** A call of the dead engine may still have been on its way: once it must have arrived, every undo is asked again. */
async function readBackAgain(
  first: readonly UndoResult[],
  { journal, deps: undo }: Bench,
  deps: RescueDeps,
): Promise<readonly UndoResult[]> {
  await undo.clock.sleep(deps.again ?? LEASE_VALID)
  return Promise.all(
    first.map(async (before) => {
      const after = await tryUndo(before.record, undo)
      const changed = (before.outcome.state === 'failed') !== (after.outcome.state === 'failed')
      // What this undo put back is drifted to whoever asks again: nobody but us was there.
      const still = before.outcome.state !== 'failed' && after.outcome.state === 'drifted'
      deps.log(
        `${before.record.id}: read back again, ${still ? 'nothing of it is left' : `${after.outcome.state}, ${after.outcome.detail}`}`,
      )
      if (!changed) return before
      // Still faulted after all: the record comes back before anything else, so that `firedrill undo` finds it.
      if (after.outcome.state === 'failed') await undo.stores[0]?.put(before.record).catch((error: unknown) => deps.log(describe(error)))
      await settle(after, undo)
      return after
    }),
  ).finally(() => journal.append({ kind: 'note', text: 'Everything undone was read back again a lease later' }))
}

async function retryFailed(results: readonly UndoResult[], { deps }: Bench): Promise<readonly UndoResult[]> {
  const failed = stillFaulted(results).map(({ record }) => record)
  const retried = await undoRecords(failed, { ...deps, deadline: seconds(5) })
  return results.map((result) => retried.find(({ record }) => record.id === result.record.id) ?? result)
}
