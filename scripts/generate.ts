// Writes what is generated from the code. `--check` writes nothing and fails when a committed file is not what the code says.
import { readFileSync, writeFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { experimentJsonSchema } from '../src/experiment/json-schema.ts'
import { registry } from '../src/registry/index.ts'
import { recordSchema } from '../src/reports/record-schema.ts'
import { coverage } from './coverage.ts'
import { reference } from './reference.ts'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const json = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`

/** Every generated file: where it lies and what it says. */
export const generated: Readonly<Record<string, () => string>> = {
  'schema/experiment.schema.json': () => json(experimentJsonSchema(registry)),
  'schema/record.schema.json': () => json(recordSchema),
  'docs/coverage.md': () => coverage(root),
  'docs/reference.md': () => reference(registry),
}

const committed = (file: string): string | undefined => {
  try {
    return readFileSync(resolve(root, file), 'utf8')
  } catch {
    return undefined
  }
}

/** Files that are not what the code says. */
export const drifted = (): readonly string[] =>
  Object.entries(generated).flatMap(([file, make]) => (committed(file) === make() ? [] : [file]))

if (import.meta.main) {
  const stale = drifted()
  if (process.argv.includes('--check')) {
    for (const file of stale) process.stderr.write(`${file} is not what the code says: npm run generate\n`)
    process.exitCode = stale.length > 0 ? 1 : 0
  } else {
    for (const file of stale) writeFileSync(resolve(root, file), generated[file]?.() ?? '')
  }
}
