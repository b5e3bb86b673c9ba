import { globSync, readFileSync } from 'node:fs'
import { basename, join, resolve } from 'node:path'
import { expect, test } from 'vitest'

const root = resolve(import.meta.dirname, '..')

/** id → the experiments that the table of docs/coverage.md names for it; none where it says *not yet*. */
function table(): ReadonlyMap<string, readonly string[]> {
  const lines = readFileSync(join(root, 'docs/coverage.md'), 'utf8').split('\n')
  return new Map(
    lines.flatMap((line) => {
      const [, id, , experiment] = line.split('|').map((cell) => cell.trim())
      if (!id || !experiment || !/^M\d\d$/.test(id)) return []
      const files = [...experiment.matchAll(/\]\(\.\.\/([^)]+)\)/g)].map(([, file]) => file ?? '')
      if (files.length === 0) expect(experiment, id).toBe('*not yet*')
      return [[id, files] as const]
    }),
  )
}

const drilled = globSync('experiments/**/*.yaml', { cwd: root }).map((file) => {
  const line = /^mechanisms:\s*\[([^\]]*)\]/m.exec(readFileSync(join(root, file), 'utf8'))
  return {
    file,
    mechanisms: (line?.[1] ?? '')
      .split(',')
      .map((id) => id.trim())
      .filter(Boolean),
  }
})

test('all 57 mechanisms have a row', () => {
  expect([...table().keys()]).toEqual(Array.from({ length: 57 }, (_, i) => `M${String(i + 1).padStart(2, '0')}`))
})

test('the table names exactly the experiments that say so themselves', () => {
  const said = new Map([...table()].map(([id, files]) => [id, files.map((file) => basename(file)).toSorted()]))
  const really = new Map(
    [...said.keys()].map((id) => [
      id,
      drilled
        .filter(({ mechanisms }) => mechanisms.includes(id))
        .map(({ file }) => basename(file))
        .toSorted(),
    ]),
  )
  expect(said).toEqual(really)
})
