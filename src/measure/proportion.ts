import type { Interval } from '../domain/interval.ts'

/** Two-sided 95 %. */
const Z = 1.959963984540054

/** Wilson's 95 % score interval of a share, from `hits` in `of` trials; [0, 1] when there were none. */
export function wilson(hits: number, of: number): Interval {
  if (of === 0) return { lo: 0, hi: 1 }
  const share = hits / of
  const spread = Z * Math.sqrt((share * (1 - share)) / of + (Z * Z) / (4 * of * of))
  const scale = 1 + (Z * Z) / of
  const centre = share + (Z * Z) / (2 * of)
  return { lo: Math.max(0, (centre - spread) / scale), hi: Math.min(1, (centre + spread) / scale) }
}
