import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { root } from '../kit/cli.ts'
import { service } from '../kit/service.ts'
import { ended, experiment, firedrill, place, program, start } from './program.ts'

const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string }

/** A Node of the system that is older than what we need, if there is one. */
const OLD = ['/usr/bin/node', '/usr/local/bin/node'].find((path) => {
  if (!existsSync(path)) return false
  return Number(execFileSync(path, ['-p', 'process.versions.node.split(".")[0]'], { encoding: 'utf8' })) < 24
})

test('--version is answered at once, without dist/', async () => {
  using at = place()
  mkdirSync(join(at.folder, 'bin'))
  writeFileSync(join(at.folder, 'package.json'), JSON.stringify({ type: 'module', version: '9.9.9' }))
  writeFileSync(join(at.folder, 'bin/run.js'), readFileSync(program))
  const out = execFileSync(process.execPath, [join(at.folder, 'bin/run.js'), '--version'], { encoding: 'utf8' })
  expect(out).toBe('firedrill 9.9.9\n')
  expect((await firedrill(['--version'], { cwd: at.folder, env: at.env })).stdout).toBe(`firedrill ${version}\n`)
})

test('a checkout that was not built says what to type', async () => {
  using at = place()
  mkdirSync(join(at.folder, 'bin'))
  writeFileSync(join(at.folder, 'package.json'), JSON.stringify({ type: 'module', version: '9.9.9' }))
  writeFileSync(join(at.folder, 'bin/run.js'), readFileSync(program))
  const { spawnSync } = await import('node:child_process')
  const ran = spawnSync(process.execPath, [join(at.folder, 'bin/run.js'), 'status'], { encoding: 'utf8' })
  expect(ran.status).toBe(64)
  expect(ran.stderr).toContain('npm run build')
})

test.skipIf(OLD === undefined)('an old Node runs the pinned one: same output, same exit code', async () => {
  using at = place()
  const options = { cwd: at.folder, env: at.env, node: OLD ?? '' }
  expect(await firedrill(['status'], options)).toMatchObject({
    code: 0,
    stdout: expect.stringContaining('No drill is running and nothing is faulted.\n'),
  })
  expect((await firedrill(['catalog', '--nope'], options)).code).toBe(64)
})

test.skipIf(OLD === undefined)('an old Node without a newer one says what to install', async () => {
  using at = place()
  mkdirSync(join(at.folder, 'bin'))
  mkdirSync(join(at.folder, 'dist/cli'), { recursive: true })
  writeFileSync(join(at.folder, 'package.json'), JSON.stringify({ type: 'module', version: '9.9.9' }))
  writeFileSync(join(at.folder, 'bin/run.js'), readFileSync(program))
  symlinkSync(join(root, 'dist/cli/main.js'), join(at.folder, 'dist/cli/main.js'))
  const { spawnSync } = await import('node:child_process')
  const ran = spawnSync(OLD ?? '', [join(at.folder, 'bin/run.js'), 'status'], { encoding: 'utf8' })
  expect(ran.status).toBe(64)
  expect(ran.stderr).toMatch(/needs Node 24/)
})

const linesOf = (file: string): string[] => (existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n') : [])
const journalled = (file: string, kind: string): number => linesOf(file).filter((line) => line.includes(`"kind":"${kind}"`)).length

/** Waits until the journal of the drill says `kind`. */
async function untilJournal(file: string, kind: string): Promise<void> {
  for (const limit = performance.now() + 15_000; journalled(file, kind) === 0; await pause(20))
    if (performance.now() > limit) throw new Error(`no ${kind} in ${linesOf(file).length} lines`)
}

test.each([
  { how: 'once, to it alone', send: (pid: number) => process.kill(pid, 'SIGINT'), old: false },
  {
    how: 'twice at the same time, as a terminal and a launcher do',
    send: (pid: number) => [process.kill(pid, 'SIGINT'), process.kill(pid, 'SIGINT')],
    old: false,
  },
  { how: 'to the launcher on an old Node', send: (pid: number) => process.kill(pid, 'SIGINT'), old: true },
])('Ctrl-C $how aborts, undoes and reports', async ({ send, old }) => {
  if (old && OLD === undefined) return
  using at = place()
  await using target = await service()
  writeFileSync(join(at.folder, 'a.yaml'), experiment(target.port, { for: '30s' }))
  const child = start(['run', 'a.yaml', '--yes', '--out', 'out'], { cwd: at.folder, env: at.env, ...(old && OLD && { node: OLD }) })
  const end = ended(child)
  const journal = join(at.folder, 'out/journal.ndjson')
  await untilJournal(journal, 'effect')
  send(child.pid ?? 0)
  const { code, stdout, stderr } = await end
  expect(code, stderr).toBe(3)
  expect(journalled(journal, 'abort')).toBe(1)
  expect(journalled(journal, 'undo.ended')).toBe(1)
  expect(stderr).not.toContain('third Ctrl-C')
  expect(stdout).toContain('ABORTED')
  const answer = await fetch(`http://127.0.0.1:${target.port}/`)
  expect(answer.status).toBe(200)
})

test.skipIf(OLD === undefined)('a launcher that is killed leaves nothing broken', async () => {
  using at = place()
  await using target = await service()
  writeFileSync(join(at.folder, 'a.yaml'), experiment(target.port, { for: '30s' }))
  const child = start(['run', 'a.yaml', '--yes', '--out', 'out'], { cwd: at.folder, env: at.env, node: OLD ?? '' })
  const journal = join(at.folder, 'out/journal.ndjson')
  await untilJournal(journal, 'effect')
  child.kill('SIGKILL')
  await untilJournal(journal, 'drill.closed')
  expect(journalled(journal, 'undo.ended')).toBe(1)
  expect((await fetch(`http://127.0.0.1:${target.port}/`)).status).toBe(200)
})
