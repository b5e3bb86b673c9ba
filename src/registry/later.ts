import type { Later } from '../contracts/registry.ts'

const names = (what: Later['what'], ...kinds: readonly string[]): readonly Later[] => kinds.map((name) => ({ what, name }))

/** Known by name, not built yet: `validate` ends 0 with a note, `plan` and `run` end 4. */
export const later: readonly Later[] = [
  ...names('platform', 'aws', 'gcp', 'azure'),
  ...names('probe', 'golden'),
  ...names('signal', 'alertmanager'),
  // By its path in the file.
  ...names('field', 'objectives/budget/query'),
  ...names('undo-store', 's3', 'gs', 'azblob'),
]
