export const FEATURES = ['amount', 'hour', 'distance', 'velocity', 'account_age', 'device_risk', 'country_risk', 'merchant_risk'] as const
export const CLASSES = ['legitimate', 'review', 'fraud'] as const

export interface Row {
  readonly features: readonly number[]
  /** Index into CLASSES. */
  readonly label: number
}

/** mulberry32: small, seeded, the same on every machine; uniform in [0, 1). */
export function seeded(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}

/** Box-Muller. */
function gaussian(random: () => number): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random())
}

/** How the world decides, one row a class; what it adds by chance is Gumbel noise, so that no model can be always right. */
const WORLD = [
  [-2.2, 0.3, -1.6, -1.8, 2.1, -2.4, -1.5, -1.2],
  [0.6, -1.1, 1.9, -0.4, -1.6, 0.5, 1.7, -0.9],
  [1.9, 0.9, -0.2, 2.4, -0.6, 2.2, -0.3, 2.3],
] as const
const BIAS = [0.9, 0, -0.4] as const
const NOISE = 0.6

/** Labelled transactions: standardised features, a label drawn from the world's own rule. */
export function transactions(count: number, seed: number): readonly Row[] {
  const random = seeded(seed)
  return Array.from({ length: count }, () => {
    const features = FEATURES.map(() => Number(gaussian(random).toFixed(4)))
    const scores = WORLD.map((weights, kind) => {
      const chance = -NOISE * Math.log(-Math.log(1 - random()))
      return (BIAS[kind] ?? 0) + weights.reduce((sum, weight, index) => sum + weight * (features[index] ?? 0), 0) + chance
    })
    return { features, label: scores.indexOf(Math.max(...scores)) }
  })
}
