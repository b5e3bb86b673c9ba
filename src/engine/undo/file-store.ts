import type { UndoStoreKind } from '../../contracts/undo-store.ts'

/** A folder, best on another disk or a network share: one JSON file a record. */
export const fileStore: UndoStoreKind = {
  scheme: 'file',
  summary: 'A folder',
  open: async (where) => ({ where, put: async () => {}, list: async () => [], remove: async () => {} }),
}
