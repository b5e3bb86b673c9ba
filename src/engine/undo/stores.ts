import { resolve } from 'node:path'
import type { Context } from '../../contracts/context.ts'
import type { UndoStore, UndoStoreKind } from '../../contracts/undo-store.ts'
import { refused } from '../../domain/error.ts'

/**
 * Opens what `undoStore:` names: `scheme:…`, else a folder relative to the experiment's. Throws a DrillError (refused) when no store
 * answers to the scheme.
 */
export async function openUndoStore(
  where: string,
  kinds: ReadonlyMap<string, UndoStoreKind>,
  at: Pick<Context, 'env' | 'folder'>,
): Promise<UndoStore> {
  const scheme = /^([a-z][a-z0-9+.-]+):/.exec(where)?.[1] ?? 'file'
  const kind = kinds.get(scheme)
  if (!kind) throw refused(`No undo store answers to ${scheme}:`, 'UNDO_STORE', [`one of ${[...kinds.keys()].join(', ')}`])
  return kind.open(scheme === 'file' ? resolve(at.folder, where.replace(/^file:(?:\/\/)?/, '')) : where, at)
}
