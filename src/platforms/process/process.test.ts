import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { tempFolder, testContext } from '../../../test/kit/context.ts'
import { realServer } from '../../../test/kit/server.ts'
import { identityOf, isAlive, isStopped, signalTo, stateOf } from '../../contracts/process.ts'
import { seconds } from '../../domain/time.ts'
import { processKill } from '../../faults/process/kill.ts'
import { processPause } from '../../faults/process/pause.ts'
import { processPlatform } from './platform.ts'
import { unaccepted } from './ports.ts'
import { runCommand } from './run.ts'
import type { ProcessSelector } from './select.ts'
import { lookalikesOf, processOf } from './target.ts'

const find = async (selector: ProcessSelector, folder = '.') =>
  (await processPlatform.resolve(selector, testContext('', folder))).map(({ data }) => data['pid'])

test('one process is found by pid, pid file, pattern, port and command line', async () => {
  using folder = tempFolder()
  await using server = await realServer(folder.path)
  expect(await find({ kind: 'pid', spec: server.pid })).toEqual([server.pid])
  expect(await find({ kind: 'pidFile', spec: server.pidFile })).toEqual([server.pid])
  expect(await find({ kind: 'pidFile', spec: ['nothing.pid', '*.pid'] }, folder.path)).toEqual([server.pid])
  expect(await find({ kind: 'port', spec: server.port })).toEqual([server.pid])
  expect(await find({ kind: 'command', spec: `${folder.path}/server.pid` })).toEqual([server.pid])
  expect(await find({ kind: 'command', spec: `/-e .*${folder.path}/SERVER/i` })).toEqual([server.pid])
  expect(await find({ kind: 'command', spec: 'no such words anywhere' })).toEqual([])
  const [target] = await processPlatform.resolve({ kind: 'port', spec: server.port }, testContext('', folder.path))
  expect(processOf(target ?? null).listeners).toEqual([{ host: '127.0.0.1', port: server.port, sole: true }])
  expect(JSON.stringify(target)).not.toContain('hello')
})

test('a listener on every address is found, and knocked at on the loopback', async () => {
  const program = "require('net').createServer().listen(0, function () { console.log(this.address().port) })"
  const child = spawn(process.execPath, ['-e', program], { stdio: ['ignore', 'pipe', 'ignore'] })
  const [port] = (await once(child.stdout, 'data')).map(Number)
  const [target] = await processPlatform.resolve({ kind: 'port', spec: port ?? 0 }, testContext('', '.'))
  expect(target?.data['pid']).toBe(child.pid)
  expect(processOf(target ?? null).listeners).toEqual([{ host: expect.stringMatching(/^(::1|127\.0\.0\.1)$/), port, sole: true }])
  child.kill('SIGKILL')
})

test('a family is found from its root; the dead and what a pid file only remembers are not', async () => {
  using folder = tempFolder()
  const child = spawn('sh', ['-c', 'sleep 30 & sleep 30 & wait'], { stdio: 'ignore' })
  const pid = child.pid ?? 0
  await pause(100)
  const family = await find({ kind: 'pid', spec: pid, tree: true })
  expect(family).toHaveLength(3)
  for (const each of family) signalTo(identityOf(Number(each)) ?? { pid: 0, start: '' }, 'SIGKILL')
  await once(child, 'exit')
  writeFileSync(join(folder.path, 'old.pid'), `${pid}\n`)
  expect(await find({ kind: 'pidFile', spec: '*.pid' }, folder.path)).toEqual([])
})

test('firedrill itself, everything above it, pid 1 and a watchdog are never touched', async () => {
  using folder = tempFolder()
  await expect(find({ kind: 'pid', spec: process.pid })).rejects.toThrow(/never touched/)
  await expect(find({ kind: 'pid', spec: process.ppid })).rejects.toThrow(/never touched/)
  await expect(find({ kind: 'pid', spec: 1 })).rejects.toThrow(/never touched/)
  expect(await find({ kind: 'command', spec: '/./' })).not.toContain(process.pid)
  const entry = join(folder.path, 'watchdog-main.ts')
  writeFileSync(entry, 'setTimeout(() => undefined, 20_000)')
  const watchdog = spawn(process.execPath, [entry], { stdio: 'ignore' })
  await pause(50)
  expect(await find({ kind: 'command', spec: folder.path })).toEqual([])
  await expect(find({ kind: 'pid', spec: watchdog.pid ?? 0 })).rejects.toThrow(/never touched/)
  watchdog.kill('SIGKILL')
})

test('a pid that somebody else has now is not the process that was pinned', async () => {
  using folder = tempFolder()
  await using server = await realServer(folder.path)
  const now = identityOf(server.pid)
  const before = { pid: server.pid, start: '1' }
  expect(now && isAlive(now)).toBe(true)
  expect(isAlive(before)).toBe(false)
  expect(signalTo(before, 'SIGKILL')).toBe(false)
  const [found] = await processPlatform.resolve({ kind: 'pid', spec: server.pid }, testContext('', folder.path))
  const target = found && { ...found, data: { ...found.data, start: '1' } }
  const input = { spec: { signal: 'SIGKILL' as const }, target: target ?? null, token: 't', longest: seconds(60), random: () => 0 }
  const context = testContext('', folder.path)
  await expect(processKill.plan(input, context)).rejects.toThrow(/is gone/)
  await expect(processKill.inject(input, { call: '', undo: null, command: '', prior: null }, context)).rejects.toThrow(/is gone/)
  expect(await processPause.undo({ pid: server.pid, start: '1' }, context)).toMatchObject({ state: 'not-needed' })
  expect(await server.answers()).toBe(true)
})

test('a zombie is gone', async () => {
  const child = spawn('sh', ['-c', 'sleep 0.1 & echo $!; exec sleep 30'], { stdio: ['ignore', 'pipe', 'ignore'] })
  const pid = Number(String((await once(child.stdout, 'data'))[0]))
  const identity = identityOf(pid)
  expect(identity).toBeDefined()
  await pause(250)
  expect(identityOf(pid)).toBeUndefined()
  expect(identity && stateOf(identity)).toBeUndefined()
  child.kill('SIGKILL')
})

test('whoever took the place of a killed process is found, and a restart leaves it alone', async () => {
  using folder = tempFolder()
  await using server = await realServer(folder.path)
  const context = testContext('', folder.path)
  const [target] = await processPlatform.resolve({ kind: 'pidFile', spec: server.pidFile }, context)
  const spec = { signal: 'SIGKILL' as const, restart: server.argv }
  const input = { spec, target: target ?? null, token: 't', longest: seconds(60), random: () => 0 }
  const mutation = await processKill.plan(input, context)
  await processKill.inject(input, mutation, context)
  const [command = '', ...args] = server.argv
  const supervisor = spawn(command, args, { stdio: 'ignore', detached: true })
  while (!(await server.answers())) await pause(10)
  expect(lookalikesOf(processOf(target ?? null)).map(({ pid }) => pid)).toEqual([supervisor.pid])
  const undone = mutation.undo && (await processKill.undo(mutation.undo, context))
  expect(undone).toMatchObject({ state: 'not-needed', detail: expect.stringContaining(`pid ${supervisor.pid} has taken the place`) })
})

test('a paused process is refused another pause, and only ours is lifted', async () => {
  using folder = tempFolder()
  await using server = await realServer(folder.path)
  const context = testContext('', folder.path)
  const [target] = await processPlatform.resolve({ kind: 'port', spec: server.port }, context)
  const input = { spec: {}, target: target ?? null, token: 't', longest: seconds(60), random: () => 0 }
  const of = processOf(input.target)
  signalTo(of, 'SIGSTOP')
  while (!isStopped(of)) await pause(5)
  await expect(processPause.plan(input, context)).rejects.toThrow(/stopped already/)
  expect(unaccepted(server.port)).toBe(0)
  expect(await processPause.undo(of, context)).toMatchObject({ state: 'undone', verified: true })
  expect(await processPause.undo(of, context)).toMatchObject({ state: 'not-injected', verified: true })
})

test('a command that is given up takes its family with it', async () => {
  using folder = tempFolder()
  const argv = ['sh', '-c', 'trap "" TERM; sleep 30 & echo $! > sleeper; wait; wait']
  const began = performance.now()
  await expect(runCommand({ argv, folder: folder.path }, AbortSignal.timeout(150))).rejects.toThrow()
  expect(performance.now() - began).toBeLessThan(1500)
  await pause(50)
  expect(await find({ kind: 'command', spec: argv[2] ?? '' })).toEqual([])
  await expect(runCommand({ argv: ['no-such-program'], folder: folder.path }, AbortSignal.timeout(1000))).resolves.toMatchObject({
    code: null,
  })
})

test('a port that several processes share belongs to none of them alone: the death of one does not have to close it', async () => {
  using folder = tempFolder()
  const entry = join(folder.path, 'cluster.cjs')
  // A server handle that is passed on: parent and child both hold the listening socket.
  const program = `
    if (process.send) { let kept; process.on('message', (_, handle) => { kept = handle; process.send('have') }) }
    else {
      const server = require('node:net').createServer().listen(0, '127.0.0.1', () => {
        const child = require('node:child_process').fork(__filename)
        child.on('message', () => console.log(server.address().port, child.pid))
        child.send('take', server)
      })
    }`
  writeFileSync(entry, program)
  const parent = spawn(process.execPath, [entry], { stdio: ['ignore', 'pipe', 'ignore'] })
  const [port = 0, child = 0] = String((await once(parent.stdout, 'data'))[0])
    .split(' ')
    .map(Number)
  const context = testContext('', folder.path, { signal: AbortSignal.timeout(3000) })
  const targets = await processPlatform.resolve({ kind: 'port', spec: port }, context)
  expect(new Set(targets.map(({ data }) => data['pid']))).toEqual(new Set([parent.pid, child]))
  expect(targets.flatMap((target) => processOf(target).listeners)).toEqual(Array(2).fill({ host: '127.0.0.1', port, sole: false }))
  const target = targets.find(({ data }) => data['pid'] === child) ?? null
  const input = { spec: { signal: 'SIGKILL' as const }, target, token: 't', longest: seconds(60), random: () => 0 }
  const mutation = await processKill.plan(input, context)
  const seen = processKill.effect(input, mutation, context)
  await processKill.inject(input, mutation, context)
  expect(await seen).toMatchObject({ proven: true, how: `process ${child} is gone` })
  parent.kill('SIGKILL')
})
