import type { UndoRecord } from '../domain/undo.ts'

/** Keeps undo records outside the blast radius. Named by `undoStore:` (`./folder`, later `s3://…`). */
export interface UndoStore {
  readonly where: string
  /** Durable when it resolves. */
  put(record: UndoRecord): Promise<void>
  list(run?: string): Promise<readonly UndoRecord[]>
  remove(run: string, id: string): Promise<void>
}

export interface UndoStoreKind {
  /** The scheme it answers to; `file` also answers to a plain path. */
  readonly scheme: string
  readonly summary: string
  open(where: string): Promise<UndoStore>
}
