import { systemClock } from '../../contracts/clock.ts'
import type { UndoStore } from '../../contracts/undo-store.ts'
import type { UndoRecord } from '../../domain/undo.ts'

/** What a store outside of this machine knows of a run. */
export interface RunInStore {
  readonly run: string
  readonly store: UndoStore
  /** What of it is still, or may still be, faulted. */
  readonly open: readonly UndoRecord[]
  /** Whether somebody renews its lock there; null: the store cannot tell. */
  readonly held: boolean | null
  /** Seconds by which it should have been undone, on the store's own clock; negative: it is not due yet. null: it has nothing open. */
  readonly overdue: number | null
}

/** Between what two clocks call the same moment, and for an undo that is just under way. */
const MARGIN = 60

/** Every run that has something faulted there, or holds a lock there. Rejects when the store cannot be read. */
export async function runsInStore(store: UndoStore): Promise<readonly RunInStore[]> {
  const records = Map.groupBy(await store.list(), ({ run }) => run)
  const now = (await store.now?.()) ?? systemClock(process.hrtime.bigint()).wall()
  const holders = (await store.holders?.()) ?? []
  const found = [...records].map(async ([run, open]): Promise<RunInStore> => {
    const held = (await store.held?.(run)) ?? null
    return { run, store, open, held, overdue: now - dueOf(open, held) }
  })
  const idle = holders.filter(({ run }) => !records.has(run))
  return [...(await Promise.all(found)), ...idle.map(({ run }) => ({ run, store, open: [], held: true, overdue: null }))]
}

/** The first record that is overdue tells that nobody is at work on a run whose lock is stale; where no lock can be seen, only the last does. */
const dueOf = (open: readonly UndoRecord[], held: boolean | null): number =>
  held === null ? Math.max(...open.map(({ due }) => due)) : Math.min(...open.map(({ due }) => due))

/** Nobody holds it, and its own drill would have undone it long ago. */
export const isExpired = ({ held, overdue }: RunInStore): boolean => held !== true && overdue !== null && overdue > MARGIN
