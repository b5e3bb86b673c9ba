/**
 * Trains the sandbox's models from their seed and writes the weights and the golden set beside the experiments.
 * node scripts/sandbox-model.ts
 */
import { mkdirSync, writeFileSync } from 'node:fs'
import { transactions } from '../src/sandbox/model/data.ts'
import { GOLDEN_SEED, trainAll } from '../src/sandbox/model/recipes.ts'
import { classify, type Weights } from '../src/sandbox/model/softmax.ts'
import { accuracy } from '../src/sandbox/model/train.ts'

const GOLDEN_ROWS = 300
const at = (path: string): URL => new URL(`../${path}`, import.meta.url)
const ask = (features: readonly number[]) => ({
  inputs: [{ name: 'features', datatype: 'FP32', shape: [1, features.length], data: features }],
})

const versions = trainAll()
const matrix = (weights: Weights): string => weights.map((row) => `    [${row.join(', ')}],\n`).join('')
const entries = Object.entries(versions).map(([version, weights]) => `  '${version}': [\n${matrix(weights)}  ],\n`)
const header =
  "import type { Weights } from './softmax.ts'\n\n/** Written by scripts/sandbox-model.ts from the seed; a test trains them again. */\n"
writeFileSync(
  at('src/sandbox/model/weights.ts'),
  `${header}export const WEIGHTS: Readonly<Record<string, Weights>> = {\n${entries.join('')}}\n`,
)

const golden = transactions(GOLDEN_ROWS, GOLDEN_SEED)
mkdirSync(at('experiments/sandbox/golden/'), { recursive: true })
const lines = golden.map((row) => JSON.stringify({ request: ask(row.features), label: row.label }))
writeFileSync(at('experiments/sandbox/golden/fraud.jsonl'), `${lines.join('\n')}\n`)

const sure = golden.find((row) => {
  const said = ['1', '2', '3'].map((version) => classify(versions[version] ?? [], row.features))
  return row.label === 2 && said[0]?.index === 2 && said[1]?.index === 2 && said[2]?.index !== 2 && (said[1]?.probabilities[2] ?? 0) > 0.99
})
if (sure === undefined) throw new Error('no row that the good versions are sure of and the bad one gets wrong')
writeFileSync(at('experiments/sandbox/golden/one.json'), `${JSON.stringify(ask(sure.features), null, 2)}\n`)

for (const [version, weights] of Object.entries(versions))
  console.log(`version ${version}: accuracy ${accuracy(weights, golden).toFixed(3)}`)
