import type { Interval } from '../../src/domain/interval.ts'
import { type Sample, served } from '../../src/domain/sample.ts'

/** Microseconds on the drill's clock. */
export interface Seen {
  readonly onset: Interval
  readonly recovery: Interval
}

/**
 * Every outage that a probe saw: the onset lies in (start of the last good, end of the first bad], the recovery in (start of the last bad,
 * end of the first good]. Among requests that overlap, the first to end tells first.
 */
export function outagesOf(samples: readonly Sample[]): readonly Seen[] {
  const known = samples.filter((sample) => served(sample.outcome) !== undefined).toSorted((a, b) => a.start - b.start)
  const seen: Seen[] = []
  let i = 0
  while (i < known.length) {
    const from = i
    while (i < known.length && served(known[i]?.outcome ?? 'missed') === served(known[from]?.outcome ?? 'missed')) i++
    const [before, first, last, after] = [known[from - 1], known[from], known[i - 1], known[i]]
    if (!before || !first || !last || !after || served(first.outcome) === true) continue
    const firstBad = Math.min(...known.slice(from, i).map((sample) => sample.end))
    const firstGood = Math.min(...runFrom(known, i).map((sample) => sample.end))
    seen.push({ onset: { lo: before.start, hi: firstBad }, recovery: { lo: last.start, hi: firstGood } })
  }
  return seen
}

/** The good run that begins at `from`, as far as it can matter: later ones end later. */
const runFrom = (samples: readonly Sample[], from: number): readonly Sample[] => {
  const run: Sample[] = []
  for (let i = from; i < samples.length && run.length < 16; i++) {
    const sample = samples[i]
    if (!sample || served(sample.outcome) !== true) break
    run.push(sample)
  }
  return run
}
