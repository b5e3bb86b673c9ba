import { CLASSES, FEATURES, type Row } from './data.ts'
import { classify, type Weights } from './softmax.ts'

/** Gradient descent on the cross-entropy of a softmax regression; deterministic. `uses` masks features an older model did not have. */
export function train(rows: readonly Row[], steps: number, uses: (feature: number) => boolean = () => true): Weights {
  const width = FEATURES.length
  const weights = CLASSES.map(() => Array.from({ length: width + 1 }, () => 0))
  for (let step = 0; step < steps; step++) {
    const slope = CLASSES.map(() => Array.from({ length: width + 1 }, () => 0))
    for (const { features, label } of rows) {
      const { probabilities } = classify(weights, features)
      for (const [kind, along] of slope.entries()) {
        const miss = (probabilities[kind] ?? 0) - (kind === label ? 1 : 0)
        for (let at = 0; at < width; at++) along[at] = (along[at] ?? 0) + miss * (uses(at) ? (features[at] ?? 0) : 0)
        along[width] = (along[width] ?? 0) + miss
      }
    }
    for (const [kind, along] of slope.entries()) {
      const row = weights[kind] ?? []
      for (let at = 0; at <= width; at++) row[at] = (row[at] ?? 0) - (2 / rows.length) * (along[at] ?? 0)
    }
  }
  return weights.map((row) => row.map((weight) => Number(weight.toFixed(4))))
}

/** Share of rows whose label the model finds. */
export function accuracy(weights: Weights, rows: readonly Row[]): number {
  return rows.filter((row) => classify(weights, row.features).index === row.label).length / rows.length
}
