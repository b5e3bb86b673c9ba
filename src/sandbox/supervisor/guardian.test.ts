import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, mkdtempSync, realpathSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { isAlive, startOf } from '../../contracts/process.ts'
import { seconds } from '../../domain/time.ts'
import { ENTRIES } from '../entries.ts'
import { gone, workingIn } from '../kit/processes.ts'
import { pidText } from './sweep.ts'

const identityOf = (pid = 0) => ({ pid, start: startOf(pid) ?? '' })

test('when the supervisor is gone, paused and unlisted processes end and the folder goes; a reused pid is not touched', async () => {
  const dir = realpathSync(mkdtempSync(join(tmpdir(), 'firedrill-sandbox-')))
  mkdirSync(join(dir, 'run', 'eu'), { recursive: true })
  const sleeper = (cwd: string) => spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { cwd, stdio: 'ignore' })
  const [listed, unlisted, stranger] = [sleeper('/'), sleeper(join(dir, 'run')), sleeper('/')]
  await Promise.all([listed, unlisted, stranger].map((child) => once(child, 'spawn')))
  writeFileSync(join(dir, 'run', 'eu', 'gateway.pid'), pidText(identityOf(listed.pid)))
  writeFileSync(join(dir, 'run', 'eu', 'model-1.pid'), pidText({ pid: stranger.pid ?? 0, start: 'another process' }))
  for (const child of [listed, unlisted]) child.kill('SIGSTOP')
  const [first, second, third] = [identityOf(listed.pid), identityOf(unlisted.pid), identityOf(stranger.pid)]
  try {
    const guardian = spawn(process.execPath, [ENTRIES.guardian, dir], { cwd: '/', stdio: ['pipe', 'pipe', 'ignore'] })
    await once(guardian.stdout, 'data')
    guardian.stdin.end()
    const [code] = (await once(guardian, 'exit')) as [number]
    expect(code).toBe(0)
    expect(await gone(first, seconds(2))).toBe(true)
    expect(process.platform === 'linux' ? await gone(second, seconds(2)) : true).toBe(true)
    expect(isAlive(third)).toBe(true)
    expect(existsSync(dir)).toBe(false)
    expect(workingIn(dir)).toEqual([])
  } finally {
    for (const child of [listed, unlisted, stranger]) child.kill('SIGKILL')
  }
})
