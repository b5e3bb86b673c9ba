import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { service, stateOf } from '../kit/service.ts'
import { ended, experiment, firedrill, place, start } from './program.ts'

interface Drilled {
  readonly verdict: string
  readonly reason: string
  readonly faults: readonly {
    readonly undo: { readonly state: string; readonly verified: boolean; readonly perTarget: readonly { readonly detail: string }[] }
  }[]
  readonly findings: readonly { readonly id: string }[]
}
const recordIn = (out: string): Drilled => JSON.parse(readFileSync(join(out, 'report.json'), 'utf8')) as Drilled

/** Runs a drill on a process of its own, and answers with what it said and what its process became. */
async function drilled(
  change: (text: string, port: number) => string,
  more: { readonly env?: Record<string, string>; readonly args?: readonly string[] } = {},
) {
  const at = place()
  await using web = await service()
  writeFileSync(join(at.folder, 'drill.yaml'), change(experiment(web.port), web.port))
  const out = join(at.folder, 'out')
  const args = ['run', 'drill.yaml', '--yes', '--quiet', ...(more.args ?? ['--out', out])]
  const ran = await firedrill(args, { cwd: at.folder, env: { ...at.env, ...more.env } })
  const stopped = stateOf(web.pid).startsWith('T')
  return { at, out, ran, stopped, [Symbol.dispose]: () => at[Symbol.dispose]() }
}

const asIs = (text: string): string => text

describe('what this machine refuses before the drill is open ends 4, says what to type, and leaves nothing', () => {
  test('a folder for the reports that cannot be made', async () => {
    using bad = await drilled(asIs, { args: ['--out', '/dev/null/out'] })
    expect(bad.ran).toMatchObject({ code: 4, stdout: '' })
    expect(bad.ran.stderr).toMatch(/^error: The drill's folder \/dev\/null\/out cannot be written: ENOTDIR.*\n {2}try: /)
    using deep = await drilled(asIs, { args: ['--out', '/sys/no/such/out'] })
    expect(deep.ran.code).toBe(4)
    expect(deep.ran.stderr, 'the folder that is there').toContain('try: ls -ld /sys\n')
    const status = await firedrill(['status', '--json'], { cwd: bad.at.folder, env: bad.at.env })
    expect(JSON.parse(status.stdout)).toEqual({ runs: [], stores: [], faulted: false })
  })

  test('a state folder that cannot be made', async () => {
    using bad = await drilled(asIs, { env: { FIREDRILL_HOME: '/dev/null/home' } })
    expect(bad.ran).toMatchObject({ code: 4, stdout: '' })
    expect(bad.ran.stderr).toMatch(/^error: The state folder \/dev\/null\/home cannot be written/)
    expect(bad.ran.stderr).toContain('try: firedrill doctor')
    expect(existsSync(bad.out)).toBe(false)
  })

  test('a port that a webhook signal wants', async () => {
    using bad = await drilled((text, port) => `${text}signals: {alert: {webhook: {port: ${port}}}}\n`)
    expect(bad.ran.code).toBe(4)
    expect(recordIn(bad.out)).toMatchObject({ verdict: 'refused' })
    expect(bad.ran.stderr).toMatch(/try: ss -ltnp/)
  })

  test('a k6 that is not there, and one that fails', async () => {
    const load = (text: string): string => `${text}load: {k6: {url: "http://127.0.0.1:9/", rate: 1/s}}\n`
    using missing = await drilled(load, { env: { FIREDRILL_K6: '/dev/null/k6' } })
    expect(missing.ran).toMatchObject({ code: 4, stdout: '' })
    expect(missing.ran.stderr).toMatch(/^error: k6 cannot be run.*\n {2}try: install k6/)
    using failing = await drilled(load, { env: { FIREDRILL_K6: 'false' } })
    expect(failing.ran).toMatchObject({ code: 4, stdout: '' })
    expect(failing.ran.stderr).toMatch(/^error: false does not say which version of k6 it is\n {2}try: /)
  })
})

test('a disk that is full in mid-drill aborts and undoes; what could not be written is said', async () => {
  using at = place()
  await using web = await service()
  writeFileSync(join(at.folder, 'drill.yaml'), experiment(web.port, { for: '20s' }).replace('every: 50ms', 'every: 5ms'))
  const out = join(at.folder, 'out')
  const running = start(['run', 'drill.yaml', '--yes', '--quiet', '--out', out], { cwd: at.folder, env: at.env })
  const outcome = ended(running)
  while (running.exitCode === null && !stateOf(web.pid).startsWith('T')) await new Promise((done) => setTimeout(done, 20))
  // The process hangs now; from here on a file of more than 16 KiB is refused, and the samples' is the first that grows so long.
  spawnSync('prlimit', ['--pid', String(running.pid), '--fsize=16384'])
  const ran = await outcome
  expect(ran.code, ran.stderr).toBe(3)
  expect(ran.stdout).toContain('samples cannot be written: EFBIG')
  expect(ran.stderr).toMatch(/error: The reports cannot be written: EFBIG[^]*try: firedrill report .*--out DIR/)
  expect(ran.stderr).not.toContain('bug in firedrill')
  expect(stateOf(web.pid)).not.toMatch(/^T/)
  const again = await firedrill(['report', out, '--out', join(at.folder, 'again'), '--json'], { cwd: at.folder, env: at.env })
  expect(JSON.parse(again.stdout)).toMatchObject({ verdict: 'aborted', faults: [{ undo: { state: 'undone', verified: true } }] })
}, 30_000)

test('reports that cannot be written do not change how a drill ended', async () => {
  using at = place()
  await using web = await service()
  writeFileSync(join(at.folder, 'drill.yaml'), experiment(web.port))
  mkdirSync(join(at.folder, 'out', 'report.md'), { recursive: true })
  const ran = await firedrill(['run', 'drill.yaml', '--yes', '--quiet', '--out', 'out'], { cwd: at.folder, env: at.env })
  expect(ran.code).toBe(2)
  expect(ran.stdout).toContain('UNKNOWN')
  expect(ran.stderr).toMatch(/^error: The reports cannot be written: .*report\.md/)
})

test('a pause that somebody else lifts is drifted, and nothing of it is left', async () => {
  using at = place()
  await using web = await service()
  writeFileSync(join(at.folder, 'drill.yaml'), experiment(web.port, { for: '3s' }))
  const lifting = setInterval(() => stateOf(web.pid).startsWith('T') && setTimeout(() => process.kill(web.pid, 'SIGCONT'), 500), 100)
  const ran = await firedrill(['run', 'drill.yaml', '--yes', '--quiet', '--out', 'out'], { cwd: at.folder, env: at.env })
  clearInterval(lifting)
  const { faults, findings } = recordIn(join(at.folder, 'out'))
  expect(faults[0]?.undo, ran.stderr).toMatchObject({ state: 'drifted', verified: true })
  expect(faults[0]?.undo.perTarget[0]?.detail).toMatch(/^somebody else undid it/)
  expect(findings.map(({ id }) => id)).toContain('drifted')
})

test('a target that dies of something else while it is paused is said to be gone', async () => {
  using at = place()
  await using web = await service()
  writeFileSync(join(at.folder, 'drill.yaml'), experiment(web.port, { for: '3s' }))
  const running = firedrill(['run', 'drill.yaml', '--yes', '--quiet', '--out', 'out'], { cwd: at.folder, env: at.env })
  while (!stateOf(web.pid).startsWith('T')) await new Promise((done) => setTimeout(done, 20))
  process.kill(web.pid, 'SIGKILL')
  const ran = await running
  const { faults } = recordIn(join(at.folder, 'out'))
  expect(faults[0]?.undo, ran.stderr).toMatchObject({ state: 'not-needed', verified: true })
  expect(ran.stdout.replaceAll(/\s+/g, ' ')).toContain(`ended before it was to be undone: process ${web.pid} is gone`)
}, 60_000)

test('a second drill on a system is refused while the first runs, and names it', async () => {
  using at = place()
  await using web = await service()
  await using other = await service()
  writeFileSync(join(at.folder, 'one.yaml'), experiment(web.port, { for: '2s' }))
  writeFileSync(join(at.folder, 'two.yaml'), experiment(other.port))
  const options = { cwd: at.folder, env: at.env }
  const first = firedrill(['run', 'one.yaml', '--yes', '--quiet', '--out', 'one'], options)
  const journal = join(at.folder, 'one', 'journal.ndjson')
  while (!existsSync(journal)) await new Promise((done) => setTimeout(done, 20))
  const second = await firedrill(['run', 'two.yaml', '--yes', '--quiet', '--out', 'two'], options)
  expect(second).toMatchObject({ code: 4, stdout: '' })
  expect(second.stderr).toMatch(/is being drilled by the run \S+ \(pid \d+\)\n {2}try: firedrill status\n {2}try: firedrill stop \S+\n$/)
  expect(existsSync(join(at.folder, 'two'))).toBe(false)
  expect((await first).code).toBe(2)
})

test.each([
  ['validat', 'validate'],
  ['sandbox pu', 'sandbox up'],
])('the command that was meant by %s', async (typed, meant) => {
  using at = place()
  const ran = await firedrill(typed.split(' '), { cwd: at.folder, env: at.env })
  expect(ran).toMatchObject({ code: 64, stdout: '', stderr: `error: There is no command ${typed}.\n  try: firedrill ${meant}\n` })
})

test('a control judges nothing, and a known field that is not built is said', async () => {
  using at = place()
  const control = experiment(1).replace('every: 50ms}', 'every: 50ms}\n  mine: {tcp: {host: 127.0.0.1, port: 1}, role: control}')
  writeFileSync(
    join(at.folder, 'control.yaml'),
    control.replace('probes: [front]', 'probes: [mine]').replace('{probe: front,', '{probe: mine,'),
  )
  const judged = await firedrill(['validate', 'control.yaml'], { cwd: at.folder, env: at.env })
  expect(judged.code).toBe(64)
  expect(judged.stdout.match(/mine is a control/g)).toHaveLength(2)
  const query = experiment(1).replace('objectives:', 'objectives:\n  budget: {slo: 99%, traffic: 1/s, spend: {max: 10%}, query: up}')
  writeFileSync(join(at.folder, 'query.yaml'), query)
  const noted = await firedrill(['validate', 'query.yaml'], { cwd: at.folder, env: at.env })
  expect(noted).toMatchObject({ code: 0 })
  expect(noted.stdout).toContain('objectives.budget.query is known but not built yet')
  expect(await firedrill(['run', 'query.yaml', '--yes'], { cwd: at.folder, env: at.env })).toMatchObject({ code: 4, stdout: '' })
})

test('Ctrl-C while the sandbox starts: nothing was begun, and nothing of it is left', async () => {
  using at = place()
  const temporary = join(at.folder, 'tmp')
  mkdirSync(temporary)
  await firedrill(['init', 'drill.yaml'], { cwd: at.folder, env: at.env })
  const child = start(['run', 'drill.yaml'], { cwd: at.folder, env: { ...at.env, TMPDIR: temporary } })
  const gone = ended(child)
  const isUp = (): boolean => readdirSync(temporary).some((name) => name.startsWith('firedrill-sandbox-'))
  while (!isUp()) await new Promise((done) => setTimeout(done, 10))
  child.kill('SIGINT')
  const ran = await gone
  expect(ran).toMatchObject({ code: 4, stdout: '' })
  expect(ran.stderr).toMatch(/error: Interrupted \(Ctrl-C\); nothing was injected\.\n {2}try: firedrill run drill\.yaml\n$/)
  expect(isUp()).toBe(false)
  expect(existsSync(join(at.folder, 'reports'))).toBe(false)
})

test('a k6 that dies under way ends the drill, which says so', async () => {
  using at = place()
  await using web = await service()
  const k6 = join(at.folder, 'k6')
  writeFileSync(k6, `#!/bin/sh\n[ "$1" = version ] && echo 'k6 v1.2.0' && exit 0\necho '{}'; sleep 2; exit 107\n`, { mode: 0o755 })
  writeFileSync(
    join(at.folder, 'drill.yaml'),
    `${experiment(web.port, { for: '20s' })}load: {k6: {url: "http://127.0.0.1:${web.port}/", rate: 1/s}}\n`,
  )
  const env = { ...at.env, FIREDRILL_K6: k6 }
  const ran = await firedrill(['run', 'drill.yaml', '--yes', '--quiet', '--out', 'out'], { cwd: at.folder, env })
  expect(ran.code, ran.stderr).toBe(3)
  const record = recordIn(join(at.folder, 'out'))
  expect(record).toMatchObject({ verdict: 'aborted', faults: [{ undo: { state: 'undone', verified: true } }] })
  expect(record.reason).toMatch(/the load ended: /)
})
