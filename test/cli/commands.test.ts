import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { exitTable } from '../../src/cli/host/exit-table.ts'
import { EXIT } from '../../src/domain/verdict.ts'
import { root } from '../kit/cli.ts'
import { firedrill, place } from './program.ts'

interface Manifest {
  readonly commands: Readonly<
    Record<
      string,
      {
        readonly effect?: string
        readonly result?: string
        readonly summary?: string
        readonly examples?: unknown[]
        readonly enableJsonFlag?: boolean
      }
    >
  >
}
const { commands } = JSON.parse(readFileSync(join(root, 'oclif.manifest.json'), 'utf8')) as Manifest
const schemas = JSON.parse(readFileSync(join(root, 'schema/cli.schema.json'), 'utf8')) as { readonly $defs: Record<string, unknown> }

test('there are commands', () => expect(Object.keys(commands).length).toBeGreaterThan(15))

describe.each(Object.entries(commands))('%s', (_id, command) => {
  test('says what it does to the world', () => expect(['reads', 'changes-target']).toContain(command.effect))
  test('has a summary and an example', () => {
    expect(command.summary).toMatch(/^[A-Z].{10,}[^.]$/)
    expect(command.examples?.length).toBeGreaterThan(0)
  })
  test('has --json with a published schema', () => {
    expect(command.enableJsonFlag).toBe(true)
    expect(Object.keys(schemas.$defs)).toContain(command.result)
  })
})

test('what changes a target says so', () => {
  const changing = Object.entries(commands).flatMap(([id, { effect }]) => (effect === 'changes-target' ? [id] : []))
  expect(changing.toSorted()).toEqual(['proxy:down', 'proxy:up', 'run', 'sandbox:down', 'sandbox:restart', 'sandbox:up', 'stop', 'undo'])
})

test('run --help carries the one table of exit codes', async () => {
  using at = place()
  const { stdout, code } = await firedrill(['run', '--help'], { cwd: at.folder, env: at.env })
  expect(await firedrill(['help', 'run'], { cwd: at.folder, env: at.env })).toEqual({ stdout, code, stderr: '' })
  expect(code).toBe(0)
  for (const [name, exit] of Object.entries(EXIT)) expect(stdout).toMatch(new RegExp(`^\\s*${exit}\\s+${name} `, 'm'))
})

test('the README carries the same table', () => {
  const readme = readFileSync(join(root, 'README.md'), 'utf8')
  const rows = exitTable()
    .split('\n')
    .map((line) => /^\s*(\d+)\s+(\S+)\s+(.*)$/.exec(line))
  for (const row of rows) expect(readme).toContain(`| ${row?.[1]} | ${row?.[2]} | ${row?.[3]} |`)
})

test('completion works: the script names our commands and their flags', async () => {
  using at = place()
  const env = { ...at.env, SHELL: '/bin/bash', HOME: at.folder, XDG_CACHE_HOME: join(at.folder, 'cache') }
  const ran = await firedrill(['autocomplete', 'bash'], { cwd: at.folder, env })
  expect(ran.code).toBe(0)
  const script = readFileSync(join(at.folder, 'cache/firedrill/autocomplete/functions/bash/firedrill.bash'), 'utf8')
  expect(script).toContain('sandbox')
  expect(script).toContain('--approve')
})
