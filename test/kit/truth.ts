import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { eventsOf, type Place } from './cli.ts'

/** One line of what a process of the sandbox did, on the drill's clock, seconds. */
export interface Truth {
  readonly at: number
  readonly who: string
  readonly event: string
  readonly [more: string]: unknown
}

/** The sandbox's own log of the only drill in this place: what really happened, in the order of time. */
export function truthOf({ home, out }: Pick<Place, 'home' | 'out'>): readonly Truth[] {
  const origin = BigInt(eventsOf(out, 'drill.opened')[0]?.monotonic ?? '0')
  const files = globSync('runs/*/sandbox/truth/*.ndjson', { cwd: home })
  if (files.length === 0) throw new Error(`there is no log of a sandbox in ${home}`)
  return files
    .flatMap((file) => readFileSync(join(home, file), 'utf8').split('\n'))
    .filter((line) => line.endsWith('}'))
    .map((line) => JSON.parse(line) as Truth & { readonly mono: string })
    .map((line) => ({ ...line, at: Number(BigInt(line.mono) - origin) / 1e9 }))
    .toSorted((a, b) => a.at - b.at)
}

type What = Readonly<Record<string, unknown>>
const is = (what: What) => (line: Truth) => Object.entries(what).every(([key, value]) => line[key] === value)

/** When the first thing after `from` happened that is as described; fails loudly when nothing is. */
export function happened(truth: readonly Truth[], what: What, from = Number.NEGATIVE_INFINITY): number {
  const found = truth.find((line) => line.at >= from && is(what)(line))
  if (!found) throw new Error(`the sandbox's log has no ${JSON.stringify(what)} after ${from}`)
  return found.at
}

export const times = (truth: readonly Truth[], what: What): readonly number[] => truth.filter(is(what)).map(({ at }) => at)
