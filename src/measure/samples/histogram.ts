/** Quantiles of many values in a few kilobytes: log-linear buckets, so that every answer is within 0.1 % of a value that was recorded. */
export interface Histogram {
  readonly count: number
  readonly max: number
  record(value: number): void
  /** The bucket in which the `share` quantile lies, by nearest rank; null when nothing was recorded. */
  quantile(share: number): { readonly lo: number; readonly hi: number } | null
}

/** 2^10 steps for every power of two: three significant digits. */
const STEP_BITS = 10
const STEPS = 2 ** STEP_BITS

/** Values are whole microseconds, 0 or more; below 1,024 each has a bucket of its own. */
const bucketOf = (value: number): number => {
  if (value < STEPS) return value
  if (value >= 2 ** 31) return bucketOfLong(value)
  const power = 31 - STEP_BITS - Math.clz32(value)
  return power * STEPS + (value >>> power)
}

/** More than half an hour in microseconds: too long for the integer arithmetic of the rest. */
const bucketOfLong = (value: number): number => {
  const power = Math.floor(Math.log2(value)) - STEP_BITS
  return power * STEPS + Math.floor(value / 2 ** power)
}

const bucketRange = (bucket: number): { lo: number; hi: number } => {
  if (bucket < STEPS) return { lo: bucket, hi: bucket }
  const power = Math.floor(bucket / STEPS) - 1
  const lo = (bucket - power * STEPS) * 2 ** power
  return { lo, hi: lo + 2 ** power - 1 }
}

export function createHistogram(): Histogram {
  let counts = new Float64Array(4 * STEPS)
  let count = 0
  let max = 0
  return {
    get count() {
      return count
    },
    get max() {
      return max
    },
    record(value) {
      const whole = value > 0 ? Math.round(value) : 0
      const bucket = bucketOf(whole)
      if (bucket >= counts.length) {
        const wider = new Float64Array(bucket + 4 * STEPS)
        wider.set(counts)
        counts = wider
      }
      counts[bucket] = (counts[bucket] ?? 0) + 1
      count++
      if (whole > max) max = whole
    },
    quantile(share) {
      if (count === 0) return null
      let left = Math.min(count, Math.max(1, Math.ceil(share * count - 1e-9)))
      for (let bucket = 0; bucket < counts.length; bucket++) {
        left -= counts[bucket] ?? 0
        if (left > 0) continue
        const { lo, hi } = bucketRange(bucket)
        return { lo, hi: Math.min(hi, max) }
      }
      return null
    },
  }
}
