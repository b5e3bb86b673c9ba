import { appendFileSync } from 'node:fs'
import type { Json } from '../../domain/json.ts'

export type Truth = (event: string, detail?: Readonly<Record<string, Json>>) => void

/** Nanoseconds on CLOCK_MONOTONIC, the same in every process of this boot. */
export const monotonic = (): string => process.hrtime.bigint().toString()

/**
 * What really happened, for tests to hold measured intervals to: one NDJSON line an event, placed on CLOCK_MONOTONIC.
 * Written at once and synchronously, because the next thing that happens to the writer may be SIGKILL.
 */
export function truthLog(file: string, who: string): Truth {
  return (event, detail = {}) => {
    const line = { mono: monotonic(), who, event, ...detail }
    appendFileSync(file, `${JSON.stringify(line)}\n`)
  }
}
