import { refused } from '../../../domain/error.ts'
import type { Json } from '../../../domain/json.ts'
import type { K8sObject } from '../api/objects.ts'

/** Of all annotations of an object together, in bytes; the server takes no more. */
const LIMIT = 256 * 1024
/** Of a record without its values: where the object is, names, the command that undoes it. */
const RECORD = 8 * 1024
/** A value stands in the record, escaped, in what undoes it and in the command that a person would type. */
const TIMES = 2

/** Throws a DrillError (refused) when the object has no room for a record that holds these values. `advice`: what to do instead. */
export function refuseWithoutRoom({ metadata }: K8sObject, values: readonly Json[], advice: string): void {
  const there = Buffer.byteLength(JSON.stringify(metadata.annotations ?? {}))
  const needed = RECORD + TIMES * Buffer.byteLength(JSON.stringify(JSON.stringify(values)))
  if (there + needed <= LIMIT) return
  const kib = (bytes: number): string => `${Math.ceil(bytes / 1024)} KiB`
  throw refused(
    `${metadata.name} has no room for what undo needs: ${kib(needed)} beside ${kib(there)} of annotations, of which it may have ${kib(LIMIT)}.`,
    'NO_ROOM_FOR_UNDO',
    [advice],
  )
}
