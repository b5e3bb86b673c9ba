/** One row a class: a weight for each feature, then the bias. */
export type Weights = readonly (readonly number[])[]

/** Multinomial logistic regression: softmax(W·x + b), the largest wins. */
export function classify(
  weights: Weights,
  features: readonly number[],
): { readonly index: number; readonly probabilities: readonly number[] } {
  const scores = weights.map((row) => features.reduce((sum, value, at) => sum + value * (row[at] ?? 0), row[features.length] ?? 0))
  const top = Math.max(...scores)
  const powers = scores.map((score) => Math.exp(score - top))
  const total = powers.reduce((sum, power) => sum + power, 0)
  return { index: scores.indexOf(top), probabilities: powers.map((power) => power / total) }
}
