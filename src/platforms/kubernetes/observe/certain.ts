import type { K8sObject } from '../api/objects.ts'

/**
 * The last moment of which it is certain what the cluster was like: the lower end of every interval. It needs no clock but our own.
 *
 * A consistent list that began at t says what was so at t or later, and carries the version R that the whole kind had then. A watch
 * delivers changes in the order of their versions, so that a change with a version beyond R came after t, and everything before it was as
 * the watch had left it. Asking for one list a second thus bounds the age of a change to a second, whatever the server's clock says and
 * however late the watch delivers. (Versions of one kind are numbers that grow: part of the API since 1.35, true of every server before.)
 */
export interface Certain {
  /** Everything was listed; it began then. */
  listed(at: number): void
  /** A consistent list that began then had this version; `same`: and showed exactly what the watch had delivered by now. */
  pulsed(at: number, version: string, same: boolean): void
  /** Takes in a delivered change; says since when it is certain that it was not so before. */
  changed(object: K8sObject): number
  /** The last moment at which everything was as the watch had delivered it. */
  last(): number
  /** The stream broke: what was asked beyond its last change tells nothing any more. */
  broke(): void
}

const numeric = (version: string): bigint | undefined => (/^\d+$/.test(version) ? BigInt(version) : undefined)

export function createCertain(start: number): Certain {
  let last = start
  let pulses: readonly { readonly at: number; readonly version: bigint }[] = []
  return {
    listed(at) {
      last = Math.max(last, at)
      pulses = []
    },
    pulsed(at, version, same) {
      const number = numeric(version)
      if (same) last = Math.max(last, at)
      else if (number !== undefined) pulses = [...pulses, { at, version: number }]
    },
    changed({ metadata }) {
      const number = numeric(metadata.resourceVersion)
      if (number === undefined) return last
      const before = pulses.filter(({ version }) => version < number)
      last = Math.max(last, ...before.map(({ at }) => at))
      pulses = pulses.filter(({ version }) => version >= number)
      return last
    },
    last: () => last,
    broke() {
      pulses = []
    },
  }
}
