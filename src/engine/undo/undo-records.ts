import type { Clock, Context } from '../../contracts/context.ts'
import type { Fault } from '../../contracts/fault.ts'
import type { UndoStore } from '../../contracts/undo-store.ts'
import { DrillError, describe } from '../../domain/error.ts'
import type { Interval } from '../../domain/interval.ts'
import { type Instant, type Seconds, seconds } from '../../domain/time.ts'
import type { UndoOutcome, UndoRecord } from '../../domain/undo.ts'
import { EXIT } from '../../domain/verdict.ts'
import type { Journal } from '../journal/journal.ts'

/** What undoing needs. The same for the engine, its watchdog and `firedrill undo`. */
export interface UndoDeps {
  readonly faults: ReadonlyMap<string, Fault>
  readonly clock: Clock
  readonly journal: Pick<Journal, 'append' | 'commit'>
  /** Where the records are, this machine first; they are removed from all of them. */
  readonly stores: readonly UndoStore[]
  /** For a fault's undo; `signal` is its own deadline and nothing else. */
  contextFor(record: UndoRecord, signal: AbortSignal): Context
  /** Whether the journal has its injection: then what is not there any more was undone by somebody else. Default: nobody knows. */
  readonly wasInjected?: (record: UndoRecord) => boolean
  /** Per record; default 30 s. */
  readonly deadline?: Seconds
}

export interface UndoResult {
  readonly record: UndoRecord
  readonly outcome: UndoOutcome
  /** The last attempt, from call to answer, on the drill's clock. */
  readonly at: Interval
}

const DEADLINE = seconds(30)
/** An answer that the fault itself gave is asked for again this often; what merely broke on the way, until the deadline. */
const TRIES = 4
/** Targets of one occurrence that are undone at the same time. */
const ABREAST = 8

/** Durable everywhere when it resolves; rejects with a DrillError (aborted) when any store refuses: then nothing may be mutated. */
export async function recordUndo(records: readonly UndoRecord[], stores: readonly UndoStore[]): Promise<void> {
  const puts = stores.flatMap((store) => records.map((record) => store.put(record).catch((error: unknown) => notKept(store, error))))
  // All of them have ended when this does: no record appears after its drill was given up.
  await Promise.allSettled(puts)
  await Promise.all(puts)
}

function notKept({ where }: UndoStore, cause: unknown): never {
  throw new DrillError(`What is needed to undo could not be kept (${where}), so nothing is injected: ${describe(cause)}`, {
    code: 'UNDO_NOT_KEPT',
    exit: EXIT.aborted,
    next: ['df -h', 'firedrill doctor'],
    cause,
  })
}

/**
 * Undoes in reverse order of `records` (oldest first), targets of one occurrence abreast. Never rejects: one that fails stops no other,
 * and each has its own deadline. A record stays in the stores only if its target is still faulted.
 */
export async function undoRecords(records: readonly UndoRecord[], deps: UndoDeps): Promise<readonly UndoResult[]> {
  const results: UndoResult[] = []
  for (const group of groupsBackwards(records)) {
    const queue = group.values()
    const worker = async (): Promise<void> => {
      for (const record of queue) results.push(await undoOne(record, deps))
    }
    await Promise.all(Array.from({ length: Math.min(ABREAST, group.length) }, worker))
  }
  return results
}

/** Undoes one, journals it, and forgets it when nothing of it is left. */
async function undoOne(record: UndoRecord, deps: UndoDeps): Promise<UndoResult> {
  deps.journal.append({ kind: 'undo.began', undo: record.id })
  const result = await tryUndo(record, deps)
  await settle(result, deps)
  return result
}

/** Journals the outcome, then removes the record: a crash in between undoes it again, which is harmless; the other order would lose it. */
export async function settle({ record, outcome, at }: UndoResult, deps: UndoDeps): Promise<void> {
  const { fault, target, command } = record
  const ended = { kind: 'undo.ended', undo: record.id, fault, target, ...outcome, at, command } as const
  // A journal that cannot be written does not keep anything broken: it says so itself when it is closed.
  await deps.journal.commit(ended).catch(() => undefined)
  if (outcome.state === 'failed') return
  for (const store of deps.stores) {
    await store.remove(record.run, record.id).catch((error: unknown) => {
      deps.journal.append({
        kind: 'note',
        text: `The undo record ${record.id} could not be removed from ${store.where}: ${describe(error)}`,
      })
    })
  }
}

/** Undoes one, as often as it takes within the deadline. Never rejects. */
export async function tryUndo(record: UndoRecord, deps: UndoDeps): Promise<UndoResult> {
  const fault = deps.faults.get(record.kind)
  const began = deps.clock.now()
  if (!fault || fault.undoVersion !== record.version) {
    const why = fault
      ? `its undo record is of version ${record.version}, this firedrill knows ${fault.undoVersion}`
      : 'no such fault is known'
    return resultOf(record, failed(`${record.kind}: ${why}; put it back by hand: ${record.command}`), began, deps)
  }
  const deadline = new AbortController()
  const length = deps.deadline ?? DEADLINE
  const timer = setTimeout(() => deadline.abort(new Error(`The undo did not end within ${length} s`)), length * 1000)
  try {
    return await tryAgain(fault, record, deps, deadline.signal)
  } finally {
    clearTimeout(timer)
  }
}

async function tryAgain(fault: Fault, record: UndoRecord, deps: UndoDeps, signal: AbortSignal): Promise<UndoResult> {
  let before: UndoOutcome | undefined
  for (let tries = 1, pause = 0.1; ; tries += 1, pause = Math.min(2, pause * 2)) {
    const began = deps.clock.now()
    const { outcome, final } = await once(fault, record, deps, signal)
    // That the deadline passed says less than what went wrong before it.
    const told = signal.aborted && outcome.state === 'failed' && before ? before : seenAgainstJournal(outcome, record, deps, before)
    const result = resultOf(record, told, began, deps)
    if (outcome.state !== 'failed' || signal.aborted || (final && tries >= TRIES)) return result
    await deps.clock.sleep(seconds(pause), signal).catch(() => undefined)
    if (signal.aborted) return result
    before = outcome
  }
}

/**
 * What was injected and is found not to be was lifted by somebody else: nothing of ours is left, and that is not how it was left. Unless an
 * undo of ours was under way `before`, whose answer was lost: then that one did it.
 */
function seenAgainstJournal(
  outcome: UndoOutcome,
  record: UndoRecord,
  { wasInjected }: UndoDeps,
  before: UndoOutcome | undefined,
): UndoOutcome {
  if (outcome.state !== 'not-injected' || !wasInjected?.(record)) return outcome
  if (before) return { ...outcome, state: 'undone', detail: `put back by an earlier try whose answer was lost: ${outcome.detail}` }
  return { ...outcome, state: 'drifted', detail: `somebody else undid it: ${outcome.detail}` }
}

async function once(
  fault: Fault,
  record: UndoRecord,
  deps: UndoDeps,
  signal: AbortSignal,
): Promise<{ readonly outcome: UndoOutcome; readonly final: boolean }> {
  try {
    const outcome = await orAborted(async () => fault.undo(record.data, deps.contextFor(record, signal)), signal)
    return { outcome, final: true }
  } catch (error) {
    return { outcome: failed(`${describe(error)}; put it back by hand: ${record.command}`), final: error instanceof DrillError }
  }
}

/** An undo that does not listen to its signal is left behind at its deadline: the others wait for nobody. */
function orAborted<T>(work: () => Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const give = (): void => reject(signal.reason instanceof Error ? signal.reason : new Error(String(signal.reason)))
    if (signal.aborted) return give()
    signal.addEventListener('abort', give, { once: true })
    work()
      .then(resolve, reject)
      .finally(() => signal.removeEventListener('abort', give))
  })
}

const failed = (detail: string): UndoOutcome => ({ state: 'failed', verified: false, detail })

const resultOf = (record: UndoRecord, outcome: UndoOutcome, began: Instant, { clock }: UndoDeps): UndoResult => ({
  record,
  outcome,
  at: { lo: began, hi: clock.now() },
})

/** Newest first; neighbours of the same fault and occurrence together. */
function groupsBackwards(records: readonly UndoRecord[]): readonly (readonly UndoRecord[])[] {
  const groups: UndoRecord[][] = []
  for (const record of records.toReversed()) {
    const last = groups.at(-1)
    if (last?.[0] && occurrenceOf(last[0]) === occurrenceOf(record)) last.push(record)
    else groups.push([record])
  }
  return groups
}

/** `<fault name>#<occurrence>` of `<fault name>#<occurrence>/<target index>`. */
const occurrenceOf = ({ id }: UndoRecord): string => id.slice(0, id.lastIndexOf('/'))
