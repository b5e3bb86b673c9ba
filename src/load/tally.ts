import { OUTCOMES, type Outcome, type SampleBlock } from '../domain/sample.ts'

/** Collects samples into blocks, counts outcomes. Times in seconds on the drill's clock; kept as microseconds that contain the request. */
export interface Tally {
  add(planned: number, start: number, end: number, outcome: Outcome, code: string): void
  flush(): void
  readonly counts: Readonly<Record<Outcome, number>>
}

const BLOCK = 1_024

export function createTally(samples: (block: SampleBlock) => void): Tally {
  const counts: Record<Outcome, number> = { full: 0, degraded: 0, stale: 0, wrong: 0, failed: 0, missed: 0 }
  const planned = new Float64Array(BLOCK)
  const start = new Float64Array(BLOCK)
  const end = new Float64Array(BLOCK)
  const outcome = new Uint8Array(BLOCK)
  let code: string[] = []

  const flush = (): void => {
    const { length } = code
    if (length === 0) return
    const cut = {
      planned: planned.slice(0, length),
      start: start.slice(0, length),
      end: end.slice(0, length),
      outcome: outcome.slice(0, length),
    }
    samples({ length, ...cut, code })
    code = []
  }

  return {
    counts,
    flush,
    add(due, from, to, what, why) {
      const at = code.length
      planned[at] = Math.round(due * 1e6)
      start[at] = Math.floor(from * 1e6)
      end[at] = Math.ceil(to * 1e6)
      outcome[at] = OUTCOMES.indexOf(what)
      counts[what] += 1
      code.push(why)
      if (code.length === BLOCK) flush()
    },
  }
}
