import { systemClock } from '../../contracts/clock.ts'
import type { UndoStore } from '../../contracts/undo-store.ts'
import { type DrillError, describe, refused } from '../../domain/error.ts'
import type { Seconds } from '../../domain/time.ts'
import { EXIT } from '../../domain/verdict.ts'
import { makeFolder } from '../home/durable.ts'
import { runPaths } from '../home/layout.ts'
import { listRuns, type RunStatus, statusOf } from '../home/runs.ts'
import { takeSpare } from '../journal/take-over.ts'
import { takeLease } from '../lease/lease.ts'
import { localStore } from './file-store.ts'
import type { RescueRegistry } from './rescue/bench.ts'
import { type Rescue, rescue } from './rescue/rescue.ts'
import { undoRecords } from './undo-records.ts'

export interface ByHand {
  readonly home: string
  readonly registry: RescueRegistry
  readonly env: Readonly<Record<string, string | undefined>>
  readonly log: (text: string) => void
  /** Measures and reports a drill's folder. */
  readonly finish?: (out: string) => Promise<void>
  /** Until the second reading back; default one lease. */
  readonly again?: Seconds
}

/** A run that has something open and nobody at work on it. */
export async function abandonedRuns(home: string): Promise<readonly RunStatus[]> {
  const all = await Promise.all((await listRuns(home)).map(({ run }) => statusOf(home, run)))
  return all.filter(
    ({ state, open, info }) => state === 'dead' || state === 'hung' || (state === 'ended' && (open.length > 0 || info.load?.left === true)),
  )
}

/**
 * What the watchdog does, by hand: ends the run's stale engine, undoes, reads back, closes the drill. Rejects with a DrillError:
 * RUN_UNKNOWN, or LEASE_HELD while its engine or its watchdog lives and renews.
 */
export async function undoByHand(run: string, deps: ByHand): Promise<Rescue> {
  const { info, open, state } = await statusOf(deps.home, run)
  if (state === 'running' || state === 'undoing') throw inOtherHands(info, state)
  if (info.state === 'ended' && open.length === 0 && info.load?.left !== true) return { results: [], exit: EXIT.held }
  const lease = await takeLease({ run, file: runPaths(deps.home, run).lease, by: 'undo' })
  return rescue({ ...deps, run, info, lease, by: 'undo', why: whyOf(info, open.length) })
}

/**
 * Undoes what a run recorded in a store outside its machine, when that machine is gone. Rejects when the store cannot be read, and with a
 * DrillError (LEASE_HELD) while somebody renews the run's lock there. `unattended`: nobody has seen the records, so that commands and requests
 * that a record brings along are not carried out: others may write into a store.
 */
export async function undoFromStore(run: string, store: UndoStore, deps: ByHand, unattended = false): Promise<Rescue> {
  if (await store.held?.(run))
    throw refused(`The run ${run} is running on some machine: its lock in ${store.where} is renewed`, 'LEASE_HELD', [
      `firedrill stop ${run} --store ${store.where}`,
    ])
  const paths = runPaths(deps.home, run)
  await makeFolder(paths.undo)
  const lease = await takeLease({ run, file: paths.lease, by: 'undo' })
  const { journal, clock } = await takeSpare(paths.spareJournal, systemClock(process.hrtime.bigint()))
  try {
    const results = await undoRecords(await store.list(run), {
      faults: unattended
        ? onlyBeyondThisMachine(deps.registry, `firedrill undo --run ${run} --store ${store.where}`)
        : deps.registry.faults,
      clock,
      journal,
      stores: [localStore(deps.home), store],
      contextFor: (_record, signal) => ({
        clock,
        signal,
        run,
        lease: { file: lease.file, epoch: lease.epoch },
        env: deps.env,
        folder: process.cwd(),
        note: deps.log,
      }),
    })
    const failed = results.some(({ outcome }) => outcome.state === 'failed')
    await store.sweep?.(run).catch((error: unknown) => {
      deps.log(`what its load made may be left: ${describe(error)}`)
      journal.append({ kind: 'left-behind', what: `what the load made: ${describe(error)}`, where: store.where })
    })
    // A Lease that is left does no harm: it is stale.
    if (!failed) await store.release?.(run).catch((error: unknown) => deps.log(`its lock there is left to expire: ${describe(error)}`))
    return { results, exit: failed ? EXIT['undo-failed'] : EXIT.held }
  } finally {
    await journal.close().catch(() => undefined)
    lease.release()
  }
}

/** A fault that acts on this machine, or does what its record says to run or to send, is not undone before somebody has seen the record. */
const onlyBeyondThisMachine = ({ faults, platforms }: RescueRegistry, seen: string): RescueRegistry['faults'] =>
  new Map(
    [...faults].map(([name, fault]) => {
      const beyond = fault.platform !== null && platforms.get(fault.platform)?.local === false
      const detail = `others may write into that store, so this is undone only by who has seen it: ${seen}`
      return [name, beyond ? fault : { ...fault, undo: async () => ({ state: 'failed', verified: false, detail }) as const }]
    }),
  )

const whyOf = ({ state }: RunStatus['info'], open: number): string =>
  state !== 'ended' ? 'its process died' : open > 0 ? 'its undo had failed' : 'its load had been left'

function inOtherHands({ run, pid }: RunStatus['info'], state: 'running' | 'undoing'): DrillError {
  const what = state === 'running' ? `is running (pid ${pid}) and undoes by itself` : 'is being undone already'
  return refused(`The run ${run} ${what}`, 'LEASE_HELD', state === 'running' ? [`firedrill stop ${run}`] : ['firedrill status'])
}
