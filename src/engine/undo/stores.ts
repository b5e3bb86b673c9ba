import { resolve } from 'node:path'
import type { Context } from '../../contracts/context.ts'
import type { UndoStore, UndoStoreKind } from '../../contracts/undo-store.ts'
import { refused } from '../../domain/error.ts'

/** What stands before the colon; a plain path is a `file`. */
export const schemeOf = (where: string): string => /^([a-z][a-z0-9+.-]+):/.exec(where)?.[1] ?? 'file'

/**
 * Opens what `undoStore:` names: `scheme:…`, else a folder relative to the experiment's. Throws a DrillError (refused) when no store
 * answers to the scheme.
 */
export async function openUndoStore(
  where: string,
  kinds: ReadonlyMap<string, UndoStoreKind>,
  at: Pick<Context, 'env' | 'folder'>,
): Promise<UndoStore> {
  const scheme = schemeOf(where)
  const kind = kinds.get(scheme)
  if (!kind) throw refused(`No undo store answers to ${scheme}:`, 'UNDO_STORE', [`one of ${[...kinds.keys()].join(', ')}`])
  return kind.open(scheme === 'file' ? resolve(at.folder, where.replace(/^file:(?:\/\/)?/, '')) : where, at)
}
