import { dirname } from 'node:path'
import type { Context } from '../../../contracts/context.ts'
import type { Registry } from '../../../contracts/registry.ts'
import type { UndoStore } from '../../../contracts/undo-store.ts'
import { describe } from '../../../domain/error.ts'
import type { DrillEvent, EventOf, JournalEntry } from '../../../domain/event.ts'
import type { Seconds } from '../../../domain/time.ts'
import type { UndoRecord } from '../../../domain/undo.ts'
import { journalIn, runPaths } from '../../home/layout.ts'
import type { RunInfo } from '../../home/runs.ts'
import { type TakenJournal, takeOver, takeSpare } from '../../journal/take-over.ts'
import type { HeldLease } from '../../lease/lease.ts'
import { localStore } from '../file-store.ts'
import { openUndoStore } from '../stores.ts'
import type { UndoDeps } from '../undo-records.ts'

export type RescueRegistry = Pick<Registry, 'faults' | 'platforms' | 'systems' | 'undoStores' | 'ledgers' | 'loads'>

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

/** What a rescue works with: the drill's journal, its clock, its undo. */
export interface Bench extends TakenJournal {
  readonly info: RunInfo
  readonly deps: UndoDeps
  /** For what is no undo and has no deadline of its own. */
  readonly context: Context
  /** The drill was still open: its journal gets the end that it lacks. */
  readonly unfinished: boolean
}

/** Takes over the dead engine's journal and opens the stores of its records. What cannot be opened is noted, and the rest is used. */
export async function setUp(info: RunInfo, deps: RescueDeps): Promise<Bench> {
  const taken = await takeJournal(info, deps)
  const folder = dirname(info.file)
  const stores = await storesOf(info, deps, folder, taken)
  const context: Context = {
    clock: taken.clock,
    signal: new AbortController().signal,
    run: deps.run,
    lease: { file: deps.lease.file, epoch: deps.lease.epoch },
    env: deps.env,
    folder,
    note: deps.log,
  }
  const contextFor = (_record: UndoRecord, signal: AbortSignal): Context => ({ ...context, signal })
  const unfinished = hasKind(taken, 'drill.opened') && !hasKind(taken, 'drill.closed')
  return {
    ...taken,
    info,
    context,
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

/** Whether this is the injection that the record undoes. */
const isOf = ({ id, target }: UndoRecord, event: EventOf<'fault.injected'>): boolean =>
  id.startsWith(`${event.fault}#${event.occurrence}/`) && target === event.target

/** The drill's own journal while it is open. One that was closed is evidence and stays as it is: what comes later goes to the run's folder. */
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
    return [local, await openUndoStore(info.undoStore, deps.registry.undoStores, { env: deps.env, folder })]
  } catch (error) {
    journal.append({ kind: 'note', text: `The undo store cannot be opened, its records stay: ${describe(error)}` })
    return [local]
  }
}

export const entryOf = ({ read }: Pick<TakenJournal, 'read'>, kind: DrillEvent['kind']): JournalEntry | undefined =>
  read.entries.find(({ event }) => event.kind === kind)
export const hasKind = (of: Pick<TakenJournal, 'read'>, kind: DrillEvent['kind']): boolean => entryOf(of, kind) !== undefined
