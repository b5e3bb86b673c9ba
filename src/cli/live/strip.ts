import { OUTCOMES, type SampleBlock, served } from '../../domain/sample.ts'

/** Good and bad over the whole drill so far, in at most `LIMIT` buckets: when they are full, two become one. */
export interface Strip {
  add(block: SampleBlock): void
  /** `columns` characters, oldest first; the drill from 0 to `now` seconds. */
  draw(columns: number, now: number): readonly Cell[]
  last(): { readonly latency: number | null; readonly good: boolean | undefined; readonly code: string } | null
  /** Share of good among the judged, of the last `seconds`. */
  share(now: number, seconds: number): number | null
  /** When it began to be good without a bad one since, seconds; null while it is bad. */
  goodSince(): number | null
}

export type Cell = 'none' | 'good' | 'some' | 'bad' | 'unknown'

const LIMIT = 512
const FIRST_WIDTH = 0.125
const MICRO = 1e6
const SERVED = OUTCOMES.map(served)

interface Bucket {
  good: number
  bad: number
  unknown: number
}

const empty = (): Bucket => ({ good: 0, bad: 0, unknown: 0 })

const merge = (a: Bucket | undefined, b: Bucket | undefined): Bucket => ({
  good: (a?.good ?? 0) + (b?.good ?? 0),
  bad: (a?.bad ?? 0) + (b?.bad ?? 0),
  unknown: (a?.unknown ?? 0) + (b?.unknown ?? 0),
})

function cellOf(bucket: Bucket): Cell {
  if (bucket.bad > 0) return bucket.good > 0 ? 'some' : 'bad'
  if (bucket.good > 0) return 'good'
  return bucket.unknown > 0 ? 'unknown' : 'none'
}

export function createStrip(): Strip {
  let width = FIRST_WIDTH
  let buckets: Bucket[] = []
  let last: ReturnType<Strip['last']> = null
  let since: number | null = null

  const halve = (): void => {
    buckets = Array.from({ length: Math.ceil(buckets.length / 2) }, (_, i) => merge(buckets[2 * i], buckets[2 * i + 1]))
    width *= 2
  }
  const bucketAt = (at: number): Bucket => {
    while (at / width >= LIMIT) halve()
    const index = Math.max(0, Math.floor(at / width))
    const bucket = (buckets[index] ??= empty())
    return bucket
  }
  const sum = (from: number, to: number): Bucket => {
    let total = empty()
    for (let i = Math.max(0, Math.floor(from / width)); i < Math.min(buckets.length, Math.ceil(to / width)); i++)
      total = merge(total, buckets[i])
    return total
  }

  return {
    add(block) {
      for (let i = 0; i < block.length; i++) {
        const start = (block.planned[i] ?? 0) / MICRO
        const end = (block.end[i] ?? 0) / MICRO
        const good = SERVED[block.outcome[i] ?? 0]
        const bucket = bucketAt(start)
        if (good === undefined) bucket.unknown += 1
        else if (good) bucket.good += 1
        else bucket.bad += 1
        if (good === true) since ??= start
        if (good === false) since = null
        last = { latency: good === undefined ? null : end - start, good, code: block.code[i] ?? '' }
      }
    },
    draw(columns, now) {
      const each = Math.max(now, columns * FIRST_WIDTH) / columns
      // A column is never narrower than a bucket, so that none looks empty only because it was cut too fine.
      const step = Math.max(each, width)
      return Array.from({ length: Math.min(columns, Math.ceil(now / step)) }, (_, i) => cellOf(sum(i * step, (i + 1) * step)))
    },
    last: () => last,
    share(now, length) {
      const { good, bad } = sum(now - length, now + width)
      return good + bad === 0 ? null : good / (good + bad)
    },
    goodSince: () => since,
  }
}
