import { execFileSync } from 'node:child_process'
import { cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { tempFolder } from '../kit/context.ts'

const repository = fileURLToPath(new URL('../..', import.meta.url))

test('a new fault and its rig compile, are formatted, are registered, and pass the contract suite as they are', () => {
  using folder = tempFolder()
  const root = folder.path
  for (const part of ['src', 'test/contract', 'test/kit']) cpSync(join(repository, part), join(root, part), { recursive: true })
  for (const file of ['package.json', 'tsconfig.json', 'biome.json', 'vitest.config.ts']) cpSync(join(repository, file), join(root, file))
  symlinkSync(join(repository, 'node_modules'), join(root, 'node_modules'))
  const run = (command: string, ...args: readonly string[]): string =>
    execFileSync(join(repository, 'node_modules/.bin', command), args, {
      cwd: root,
      encoding: 'utf8',
      env: { ...process.env, NO_COLOR: '1' },
    })

  run('node', join(repository, 'scripts/new.ts'), 'fault', 'disk/stray-file', '--root', root)
  expect(readFileSync(join(root, 'src/registry/faults.ts'), 'utf8')).toContain(
    "export { diskStrayFile } from '../faults/disk/stray-file.ts'",
  )
  const made = ['src/faults/disk/stray-file.ts', 'test/contract/rigs/disk/stray-file.ts', 'src/registry/faults.ts']
  run('biome', 'format', '--vcs-enabled=false', ...made)
  mkdirSync(join(root, 'check'))
  const files = made.map((file) => `../${file}`)
  writeFileSync(join(root, 'check/tsconfig.json'), JSON.stringify({ extends: '../tsconfig.json', files, include: [] }))
  run('tsc', '-p', 'check/tsconfig.json')
  const said = run('vitest', 'run', '--project', 'fast', 'test/contract/fault.contract.test.ts', '-t', 'disk/stray-file')
  expect(said).toMatch(/4 passed/)
  expect(() => run('node', join(repository, 'scripts/new.ts'), 'fault', 'disk/stray-file', '--root', root)).toThrow(/there already/)
}, 60_000)
