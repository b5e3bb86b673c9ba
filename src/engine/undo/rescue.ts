import { dirname } from 'node:path'
import type { Context } from '../../contracts/context.ts'
import { LEASE_VALID } from '../../contracts/lease.ts'
import type { Registry } from '../../contracts/registry.ts'
import type { UndoStore } from '../../contracts/undo-store.ts'
import { describe } from '../../domain/error.ts'
import type { DrillEvent, EventOf, JournalEntry } from '../../domain/event.ts'
import { type Seconds, seconds } from '../../domain/time.ts'
import type { UndoRecord } from '../../domain/undo.ts'
import { EXIT } from '../../domain/verdict.ts'
import { journalIn, runPaths } from '../home/layout.ts'
import { type RunInfo, readRun, updateRun } from '../home/runs.ts'
import { type TakenJournal, takeOver, takeSpare } from '../journal/take-over.ts'
import { endForSure } from '../lease/identity.ts'
import type { HeldLease } from '../lease/lease.ts'
import { releaseLocksOf } from '../locks/locks.ts'
import { localStore } from './file-store.ts'
import { scrubAfter } from './leftovers.ts'
import { openUndoStore } from './stores.ts'
import { settle, tryUndo, type UndoDeps, type UndoResult, undoRecords } from './undo-records.ts'

export type RescueRegistry = Pick<Registry, 'faults' | 'systems' | 'undoStores' | 'ledgers'>

export interface RescueDeps {
  readonly home: string
  readonly run: string
  readonly registry: RescueRegistry
  readonly env: Readonly<Record<string, string | undefined>>
  /** As it was read while all was well: the run's folder may be gone by now. */
  readonly info: RunInfo
  /** Taken from the dead engine: an epoch of its own. */
  readonly lease: HeldLease
  readonly by: 'watchdog' | 'undo'
  /** Why the engine's work is done by somebody else, one clause. */
  readonly why: string
  readonly log: (text: string) => void
  /** Measures and reports the drill's folder; its failure changes nothing about the undo. */
  readonly finish?: (out: string) => Promise<void>
  /** Until the second reading back; default one lease, after which nothing of the dead engine can still arrive. */
  readonly again?: Seconds
}

export interface Rescue {
  readonly results: readonly UndoResult[]
  /** 0: nothing of this run is faulted. 5: something is. */
  readonly exit: typeof EXIT.held | (typeof EXIT)['undo-failed']
}

/** What a rescue works with: the drill's journal, its clock, its undo. */
interface Bench extends TakenJournal {
  readonly info: RunInfo
  readonly deps: UndoDeps
  /** The drill was still open: its journal gets the end that it lacks. */
  readonly unfinished: boolean
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
  const second = first.length === 0 ? first : await readBackAgain(first, bench, deps)
  await cleanUp(bench, deps)
  await takeDown(info, bench, deps)
  // What ran in the drill's own system is gone with it.
  const results = info.sandbox ? await retryFailed(second, bench) : second
  await close(bench, deps, results)
  return { results, exit: stillFaulted(results).length > 0 ? EXIT['undo-failed'] : EXIT.held }
}

async function setUp(info: RunInfo, deps: RescueDeps): Promise<Bench> {
  const taken = await takeJournal(info, deps)
  const folder = dirname(info.file)
  const stores = await storesOf(info, deps, folder, taken)
  const contextFor = (_record: UndoRecord, signal: AbortSignal): Context => ({
    clock: taken.clock,
    signal,
    run: deps.run,
    lease: { file: deps.lease.file, epoch: deps.lease.epoch },
    env: deps.env,
    folder,
    note: deps.log,
  })
  const unfinished = hasKind(taken, 'drill.opened') && !hasKind(taken, 'drill.closed')
  return {
    ...taken,
    info,
    unfinished,
    deps: {
      faults: deps.registry.faults,
      clock: taken.clock,
      journal: taken.journal,
      stores,
      contextFor,
      wasInjected: (record) => taken.read.entries.some(({ event }) => event.kind === 'fault.injected' && isOf(record, event)),
    },
  }
}

/** The drill's own journal while it is open. One that was closed is evidence and stays as it is: what comes later goes to the run's folder. */
/** Whether this is the injection that the record undoes. */
const isOf = ({ id, target }: UndoRecord, event: EventOf<'fault.injected'>): boolean =>
  id.startsWith(`${event.fault}#${event.occurrence}/`) && target === event.target

async function takeJournal(info: RunInfo, deps: RescueDeps): Promise<TakenJournal> {
  const spare = runPaths(deps.home, deps.run).spareJournal
  try {
    const taken = await takeOver(journalIn(info.out))
    if (!hasKind(taken, 'drill.closed')) return taken
    await taken.journal.close()
    return { ...(await takeSpare(spare, taken.clock)), read: taken.read }
  } catch (error) {
    deps.log(`the drill's journal cannot be gone on with: ${describe(error)}`)
    return takeSpare(spare)
  }
}

async function storesOf(info: RunInfo, deps: RescueDeps, folder: string, { journal }: TakenJournal): Promise<readonly UndoStore[]> {
  const local = localStore(deps.home)
  if (info.undoStore === undefined) return [local]
  try {
    return [local, await openUndoStore(info.undoStore, deps.registry.undoStores, folder)]
  } catch (error) {
    journal.append({ kind: 'note', text: `The undo store cannot be opened, its records stay: ${describe(error)}` })
    return [local]
  }
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
      deps.log(`${before.record.id}: read back again, ${after.outcome.state}, ${after.outcome.detail}`)
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

/** What ledgers made in a system of the drill's own goes with that. */
async function cleanUp({ info, unfinished, journal, read }: Bench, deps: RescueDeps): Promise<void> {
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

async function takeDown(info: RunInfo, { journal }: Bench, deps: RescueDeps): Promise<void> {
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

async function close(bench: Bench, deps: RescueDeps, results: readonly UndoResult[]): Promise<void> {
  const left = stillFaulted(results)
  const { journal, unfinished, info } = bench
  const end = reasonOf(deps, results, left)
  if (unfinished) journal.append(closedEvent(bench, end, left.length > 0))
  await journal.close().catch((error: unknown) => deps.log(describe(error)))
  if (left.length === 0) letGoOfLocks(deps)
  if (unfinished || info.state === 'running') await finished(info.out, deps)
  await updateRun(deps.home, deps.run, { state: 'ended', end }).catch((error: unknown) => deps.log(describe(error)))
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

const stillFaulted = (results: readonly UndoResult[]): readonly UndoResult[] => results.filter(({ outcome }) => outcome.state === 'failed')

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

const entryOf = ({ read }: Pick<TakenJournal, 'read'>, kind: DrillEvent['kind']): JournalEntry | undefined =>
  read.entries.find(({ event }) => event.kind === kind)
const hasKind = (of: Pick<TakenJournal, 'read'>, kind: DrillEvent['kind']): boolean => entryOf(of, kind) !== undefined
