import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { eventsOf } from './cli.ts'

/** One line of what a process of the sandbox did, on the drill's clock, seconds. */
export interface Truth {
  readonly at: number
  readonly who: string
  readonly event: string
  readonly [more: string]: unknown
}

/** The sandbox's own log: what really happened, in the order of time. */
export function truthOf(out: string): readonly Truth[] {
  const origin = BigInt(eventsOf(out, 'drill.opened')[0]?.monotonic ?? '0')
  const folder = join(out, 'truth')
  return readdirSync(folder)
    .filter((name) => name.endsWith('.ndjson'))
    .flatMap((name) => readFileSync(join(folder, name), 'utf8').split('\n'))
    .filter((line) => line.endsWith('}'))
    .map((line) => JSON.parse(line) as Truth & { readonly mono: string })
    .map((line) => ({ ...line, at: Number(BigInt(line.mono) - origin) / 1e9 }))
    .toSorted((a, b) => a.at - b.at)
}

/** The first thing that happened after `from` and is as described; fails loudly when nothing is. */
export function happened(truth: readonly Truth[], what: Readonly<Record<string, unknown>>, from = Number.NEGATIVE_INFINITY): number {
  const found = truth.find((line) => line.at >= from && Object.entries(what).every(([key, value]) => line[key] === value))
  if (!found) throw new Error(`the sandbox's log has no ${JSON.stringify(what)} after ${from}`)
  return found.at
}
