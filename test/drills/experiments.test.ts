import { globSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { DrillRecord } from '../../src/domain/record.ts'
import { type DrillVerdict, EXIT } from '../../src/domain/verdict.ts'
import { eventsOf, place, recordOf, root, run } from '../kit/cli.ts'
import { truthChecks } from './truth-checks.ts'

/** `# ends: held`: how the experiment says it ends. */
function endsOf(file: string): DrillVerdict {
  const said = /^# ends: (\S+)$/m.exec(readFileSync(join(root, file), 'utf8'))?.[1]
  if (said === undefined || !(said in EXIT)) throw new Error(`${file} does not say how it ends`)
  return said as DrillVerdict
}

const files = globSync('experiments/sandbox/*.yaml', { cwd: root }).toSorted()
const records = new Map<string, DrillRecord>()

test('there are experiments, and each has a check against the truth', () => {
  expect(files.length).toBeGreaterThanOrEqual(13)
  expect(files.map((file) => basename(file, '.yaml'))).toEqual(Object.keys(truthChecks).toSorted())
})

describe('every sandbox experiment ends as it says, and its numbers contain the truth', () => {
  test.each(files)('%s', async (file) => {
    using at = place()
    const name = basename(file, '.yaml')
    const ended = await run(['run', file, '--out', at.out], at.env)
    const record = recordOf(at.out)
    expect(record.verdict, `${record.reason}\n${ended.stderr}`).toBe(endsOf(file))
    expect(ended.code).toBe(EXIT[record.verdict])
    truthChecks[name]?.(record, at)
    records.set(name, record)

    const again = await run(['report', at.out, '--json'], at.env)
    expect(again.code, again.stderr).toBe(ended.code)
    expect(JSON.parse(again.stdout), 'the folder alone gives the same record').toEqual(record)
    const left = await run(['status', '--json'], at.env)
    expect(left.code, left.stderr).toBe(0)
    expect(eventsOf(at.out, 'left-behind').filter(({ what }) => !what.includes('does not answer'))).toEqual([])
    expect(eventsOf(at.out, 'undo.ended').filter(({ state }) => state === 'failed')).toEqual([])
  })
})

test('a hang is noticed later than a crash', () => {
  const [crash, hang] = ['region-loss', 'region-hang'].map((name) => records.get(name)?.measures.detection['alert'])
  expect(hang?.lo ?? Number.NaN).toBeGreaterThan(crash?.hi ?? Number.NaN)
})
