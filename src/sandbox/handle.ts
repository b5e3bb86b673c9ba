import type { ProcessIdentity } from '../contracts/process.ts'
import { refused } from '../domain/error.ts'
import type { JsonObject } from '../domain/json.ts'
import type { Layout } from './layout.ts'

/** Where a running sandbox can be found and ended, from any process of this machine. */
export interface Handle {
  readonly layout: Layout
  readonly supervisor: ProcessIdentity
  readonly guardian: ProcessIdentity
}

export const handleJson = ({ layout, supervisor, guardian }: Handle): JsonObject => ({
  layout: { ...layout },
  supervisor: { ...supervisor },
  guardian: { ...guardian },
})

const isIdentity = (value: unknown): value is ProcessIdentity =>
  typeof value === 'object' &&
  value !== null &&
  'pid' in value &&
  typeof value.pid === 'number' &&
  'start' in value &&
  typeof value.start === 'string'

const isLayout = (value: unknown): value is Layout =>
  typeof value === 'object' &&
  value !== null &&
  'dir' in value &&
  typeof value.dir === 'string' &&
  'truth' in value &&
  typeof value.truth === 'string' &&
  'base' in value &&
  typeof value.base === 'number'

/** Throws a refusal when it is not the handle of a sandbox. */
export function readHandle(from: JsonObject): Handle {
  const { layout, supervisor, guardian } = from
  if (!isLayout(layout) || !isIdentity(supervisor) || !isIdentity(guardian)) {
    throw refused('This is not the handle of a sandbox.', 'SANDBOX_HANDLE', ['firedrill sandbox status'])
  }
  return { layout, supervisor, guardian }
}
