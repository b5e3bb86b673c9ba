import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { transactions } from './data.ts'
import { GOLDEN_SEED, trainAll } from './recipes.ts'
import { classify } from './softmax.ts'
import { accuracy } from './train.ts'
import { VERSIONS } from './versions.ts'
import { WEIGHTS } from './weights.ts'

const golden = (name: string): string => readFileSync(new URL(`../../../experiments/sandbox/golden/${name}`, import.meta.url), 'utf8')
const rows = golden('fraud.jsonl')
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line) as { request: { inputs: [{ data: number[] }] }; label: number })
  .map(({ request, label }) => ({ features: request.inputs[0].data, label }))
const of = (version: string) => VERSIONS.get(version) ?? []

test('the committed weights are what the training makes of the seed', () => {
  const trained = trainAll()
  expect(Object.keys(trained)).toEqual(Object.keys(WEIGHTS))
  for (const [version, weights] of Object.entries(WEIGHTS)) {
    for (const [kind, row] of weights.entries()) {
      for (const [at, weight] of row.entries()) expect(trained[version]?.[kind]?.[at]).toBeCloseTo(weight, 2)
    }
  }
})

test('the golden set is the seed’s, and the versions are good, better and bad on it', () => {
  expect(rows).toEqual(transactions(rows.length, GOLDEN_SEED))
  expect(accuracy(of('1'), rows)).toBeGreaterThan(0.75)
  expect(accuracy(of('2'), rows)).toBeGreaterThan(0.92)
  expect(accuracy(of('2'), rows)).toBeGreaterThan(accuracy(of('1'), rows) + 0.05)
  expect(accuracy(of('3'), rows)).toBeLessThan(0.1)
})

test('the one golden request is fraud to the good versions and something else, surely, to the bad one', () => {
  const { inputs } = JSON.parse(golden('one.json')) as { inputs: [{ data: number[] }] }
  const said = ['1', '2', '3'].map((version) => classify(of(version), inputs[0].data))
  expect(said.map(({ index }) => index === 2)).toEqual([true, true, false])
  expect(Math.max(...(said[2]?.probabilities ?? []))).toBeGreaterThan(0.8)
})
