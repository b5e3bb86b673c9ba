import type { Breach } from '../../contracts/observer.ts'
import type { Guardrail } from '../../domain/experiment.ts'
import { type Outcome, served } from '../../domain/sample.ts'
import { formatDuration, seconds } from '../../domain/time.ts'

/** One guardrail's sliding window. All times are seconds on the drill's clock; samples count when they are over. */
export interface Watch {
  readonly guardrail: Guardrail
  sample(planned: number, end: number, outcome: Outcome): void
  /** What came after `since` was the observer's own trouble: it does not count. */
  forget(since: number): void
  arm(now: number): void
  disarm(): void
  /** The breach, once; undefined as long as it holds or is not armed. */
  check(now: number): Breach | undefined
}

/** How finely the window slides: it is at most 1/50 longer than it says. */
const BUCKETS = 50

interface Bucket {
  index: number
  good: number
  fast: number
  all: number
}

export function createWatch(guardrail: Guardrail): Watch {
  const width = guardrail.over / BUCKETS
  const ring: Bucket[] = Array.from({ length: BUCKETS + 1 }, () => ({ index: Number.NEGATIVE_INFINITY, good: 0, fast: 0, all: 0 }))
  const bucketAt = (index: number): Bucket | undefined => ring[((index % ring.length) + ring.length) % ring.length]
  let armedAt: number | undefined
  let lastSample = Number.NEGATIVE_INFINITY
  let checkedAt = Number.NEGATIVE_INFINITY

  const breach = (why: Breach['why'], now: number, detail: string): Breach => {
    const lo = Math.max(armedAt ?? now, checkedAt)
    armedAt = undefined
    return { guardrail: guardrail.name, why, at: { lo, hi: now }, detail }
  }

  return {
    guardrail,
    sample(planned, end, outcome) {
      const good = served(outcome)
      if (good === undefined) return
      lastSample = Math.max(lastSample, end)
      const index = Math.floor(end / width)
      const bucket = bucketAt(index)
      if (!bucket || bucket.index > index) return
      if (bucket.index < index) Object.assign(bucket, { index, good: 0, fast: 0, all: 0 })
      bucket.all += 1
      if (good) bucket.good += 1
      if (good && end - planned <= (guardrail.keep.latency?.max ?? 0)) bucket.fast += 1
    },
    forget(since) {
      for (const bucket of ring) if (bucket.index >= Math.floor(since / width)) Object.assign(bucket, { good: 0, fast: 0, all: 0 })
      lastSample = Math.min(lastSample, since)
    },
    arm(now) {
      armedAt = now
    },
    disarm() {
      armedAt = undefined
    },
    check(now) {
      if (armedAt === undefined) return undefined
      const silent = now - Math.max(lastSample, armedAt)
      if (silent > guardrail.noData)
        return breach('no-data', now, `no sample of ${guardrail.probe} for ${formatDuration(seconds(Number(silent.toFixed(2))))}`)
      const why = broken(guardrail, sumSince(ring, Math.floor(now / width) - BUCKETS))
      if (why !== undefined) return breach('breach', now, why)
      checkedAt = now
      return undefined
    },
  }
}

function sumSince(ring: readonly Bucket[], first: number): { good: number; fast: number; all: number } {
  const sum = { good: 0, fast: 0, all: 0 }
  for (const bucket of ring) {
    if (bucket.index < first) continue
    sum.good += bucket.good
    sum.fast += bucket.fast
    sum.all += bucket.all
  }
  return sum
}

const percentOf = (share: number): string => `${Number((share * 100).toFixed(2))}%`

/** A request that was not served is slower than any bound: an outage must not improve a percentile. */
function broken({ keep, probe, over }: Guardrail, sum: { good: number; fast: number; all: number }): string | undefined {
  if (sum.all === 0) return undefined
  const good = sum.good / sum.all
  const window = `over ${formatDuration(over)} (${sum.all} samples)`
  if (keep.good?.min !== undefined && good < keep.good.min)
    return `good of ${probe} is ${percentOf(good)}, less than ${percentOf(keep.good.min)}, ${window}`
  if (keep.good?.max !== undefined && good > keep.good.max)
    return `good of ${probe} is ${percentOf(good)}, more than ${percentOf(keep.good.max)}, ${window}`
  if (keep.latency && sum.fast / sum.all < keep.latency.quantile)
    return `only ${percentOf(sum.fast / sum.all)} of ${probe} within ${formatDuration(keep.latency.max)}, less than ${percentOf(keep.latency.quantile)}, ${window}`
  return undefined
}
