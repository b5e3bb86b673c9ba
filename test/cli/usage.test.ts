import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { experiment, firedrill, place } from './program.ts'

const failing = [
  { why: 'an unknown command', args: ['brun'], code: 64 },
  { why: 'an unknown flag', args: ['catalog', '--foo'], code: 64 },
  { why: 'a missing argument', args: ['run'], code: 64 },
  { why: 'too many arguments', args: ['plan', 'a', 'b'], code: 64 },
  { why: 'a flag without its value', args: ['run', 'x.yaml', '--out'], code: 64 },
  { why: 'a file that is not there', args: ['validate', 'nothing.yaml'], code: 64 },
  { why: 'a glob that names nothing', args: ['validate', 'no/*.yaml'], code: 64 },
  { why: 'a folder that holds no drill', args: ['report', '.'], code: 64 },
  { why: 'flags that exclude each other', args: ['run', 'x.yaml', '--yes', '--approve', 'abc'], code: 64 },
  { why: 'a --set without a name', args: ['validate', 'good.yaml', '--set', '=1'], code: 64 },
  { why: 'a kind that no catalog has', args: ['catalog', 'nope'], code: 64 },
  { why: 'stopping when nothing runs', args: ['stop'], code: 4 },
  { why: 'undoing a run that is not known', args: ['undo', '--run', 'nothing'], code: 64 },
]

describe('what goes wrong says so in one line, the next command, and the exit code', () => {
  test.each(failing)('$why', async ({ args, code }) => {
    using at = place()
    writeFileSync(join(at.folder, 'good.yaml'), experiment(1))
    const text = await firedrill(args, { cwd: at.folder, env: at.env })
    expect(text).toMatchObject({ code, stdout: '' })
    expect(text.stderr).toMatch(/^error: \S.*\n/)
    expect(text.stderr).not.toMatch(/\n\s+at /)
  })

  test.each(failing.filter((_, i) => i % 4 === 0))('$why, under --json', async ({ args, code }) => {
    using at = place()
    const json = await firedrill([...args, '--json'], { cwd: at.folder, env: at.env })
    expect(json).toMatchObject({ code, stderr: '' })
    const { error } = JSON.parse(json.stdout) as { error: Record<string, unknown> }
    expect(error).toMatchObject({ exit: code })
    expect(String(error['code'])).toMatch(/^[A-Z0-9_]+$/)
    expect(error['message']).not.toBe('')
  })
})

test('a file with errors lists all of them with their places, and ends 64; one without ends 0', async () => {
  using at = place()
  writeFileSync(join(at.folder, 'bad.yaml'), experiment(1, { hold: '2' }).replace('faults:', 'fault:').replace('limits', 'limit'))
  writeFileSync(join(at.folder, 'good.yaml'), experiment(1))
  const bad = await firedrill(['validate', 'bad.yaml'], { cwd: at.folder, env: at.env })
  expect(bad.code).toBe(64)
  expect(bad.stdout).toMatch(/^bad\.yaml:8:\d+: error: .*unit/m)
  expect(bad.stdout).toMatch(/^bad\.yaml:9:1: error: .*fault/m)
  expect(bad.stdout).toMatch(/^bad\.yaml:13:1: error: .*limit/m)
  const both = await firedrill(['validate', '.', '--json'], { cwd: at.folder, env: at.env })
  expect(both.code).toBe(64)
  const json = JSON.parse(both.stdout) as { files: { file: string; valid: boolean }[]; errors: number }
  expect(json.files.map(({ file, valid }) => [file, valid])).toEqual([
    ['bad.yaml', false],
    ['good.yaml', true],
  ])
  expect(json.errors).toBeGreaterThanOrEqual(3)
  expect((await firedrill(['validate', 'good.yaml'], { cwd: at.folder, env: at.env })).code).toBe(0)
})

test('a result goes to stdout and survives a reader that goes away', async () => {
  using at = place()
  const { execFileSync } = await import('node:child_process')
  const { program } = await import('./program.ts')
  const shell = `"${process.execPath}" "${program}" catalog --json | head -c 1; echo " \${PIPESTATUS[0]}"`
  expect(execFileSync('bash', ['-c', shell], { cwd: at.folder, env: at.env, encoding: 'utf8' })).toBe('{ 0\n')
})

test('colour only where it is wanted', async () => {
  using at = place()
  writeFileSync(join(at.folder, 'bad.yaml'), 'firedrill: 2\n')
  const run = (env: Record<string, string>) => firedrill(['validate', 'bad.yaml'], { cwd: at.folder, env: { ...at.env, ...env } })
  const escape = '\u001B['
  expect((await run({})).stdout).not.toContain(escape)
  expect((await run({ FORCE_COLOR: '1' })).stdout).toContain(escape)
  expect((await run({ FORCE_COLOR: '1', NO_COLOR: '1' })).stdout).not.toContain(escape)
})
