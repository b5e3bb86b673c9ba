import { globSync } from 'node:fs'
import { basename } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { DrillRecord } from '../../src/domain/record.ts'
import { root } from '../kit/cli.ts'
import { drillAsItSays } from '../kit/experiment.ts'
import { truthChecks } from '../kit/truth-checks.ts'

const files = globSync('experiments/sandbox/*.yaml', { cwd: root }).toSorted()
const records = new Map<string, DrillRecord>()

test('there are experiments, and each has a check against the truth', () => {
  expect(files.length).toBeGreaterThanOrEqual(13)
  expect(files.map((file) => basename(file, '.yaml'))).toEqual(Object.keys(truthChecks).toSorted())
})

describe('every sandbox experiment ends as it says, and its numbers contain the truth', () => {
  test.each(files)('%s', async (file) => void records.set(basename(file, '.yaml'), await drillAsItSays(file)))
})

test('a hang is noticed later than a crash', () => {
  const [crash, hang] = ['region-loss', 'region-hang'].map((name) => records.get(name)?.measures.detection['alert'])
  expect(hang?.lo ?? Number.NaN).toBeGreaterThan(crash?.hi ?? Number.NaN)
})
