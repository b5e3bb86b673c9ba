import type { UndoRecord } from '../../domain/undo.ts'
import { recordUndo, type UndoDeps, type UndoResult, undoRecords } from './undo-records.ts'

/** The undo of a drill under way, as its engine uses it. */
export interface UndoDesk {
  /** Durable in every store when it resolves: nothing may be mutated before. Rejects when a store refuses. */
  record(records: readonly UndoRecord[]): Promise<void>
  /** Its mutation was confirmed: see `UndoDeps.wasInjected`. */
  injected(id: string): void
  /** Undoes these, newest first, and journals each outcome. Never rejects; knows nothing of the drill's abort. Done ones are skipped. */
  run(ids: readonly string[]): Promise<readonly UndoResult[]>
  /** Recorded and not yet undone, oldest first. */
  open(): readonly UndoRecord[]
}

export function undoDesk(deps: UndoDeps): UndoDesk {
  const open = new Map<string, UndoRecord>()
  const confirmed = new Set<string>()
  const wasInjected = ({ id }: UndoRecord): boolean => confirmed.has(id)
  return {
    record: async (records) => {
      for (const record of records) open.set(record.id, record)
      await recordUndo(records, deps.stores)
    },
    injected: (id) => void confirmed.add(id),
    run: async (ids) => {
      const wanted = [...open.values()].filter(({ id }) => ids.includes(id))
      // Taken off the list first: two callers never undo the same one at the same time.
      for (const { id } of wanted) open.delete(id)
      const results = await undoRecords(wanted, { ...deps, wasInjected })
      for (const { record, outcome } of results) if (outcome.state === 'failed') open.set(record.id, record)
      return results
    },
    open: () => [...open.values()],
  }
}
