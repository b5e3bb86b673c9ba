import { execFile } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { renderLease } from '../../contracts/lease.ts'
import { locksFolder, runPaths } from '../home/layout.ts'
import { createRun } from '../home/runs.ts'
import { ownIdentity } from '../lease/identity.ts'
import { localStore } from '../undo/file-store.ts'
import { acquireLocks, releaseLocksOf } from './locks.ts'

const LOCKER = fileURLToPath(new URL('../../../test/fixtures/crash/locker-main.ts', import.meta.url))
let home = ''
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'firedrill-locks-'))
})
afterEach(() => rmSync(home, { recursive: true, force: true }))

const lockFiles = (): readonly string[] => readdirSync(locksFolder(home)).filter((name) => name.endsWith('.lock'))

/** A lock whose holder is dead: its process is gone. */
async function abandoned(run: string, name: string): Promise<void> {
  for (const lock of await acquireLocks(home, run, [name])) {
    const file = join(locksFolder(home), lockFiles()[0] ?? '')
    lock.release()
    writeFileSync(file, JSON.stringify({ ...ownIdentity(), start: 'long ago', name, run, nonce: '1' }))
  }
}

test('all or none, and an error that names the holder and what to type', async () => {
  const held = await acquireLocks(home, 'r1', ['system:a', 'process:1@2', 'system:a'])
  expect(held).toHaveLength(2)
  await expect(acquireLocks(home, 'r2', ['process:0@0', 'system:a'])).rejects.toMatchObject({
    code: 'LOCKED',
    exit: 4,
    message: expect.stringContaining('the run r1'),
    next: ['firedrill status', 'firedrill stop r1'],
  })
  expect(lockFiles()).toHaveLength(2)
  for (const lock of held) lock.release()
  expect(lockFiles()).toEqual([])
})

test('eight processes that race: never two at once, also when holders die with it in their hands', async () => {
  const proof = join(home, 'proof')
  const racers = Array.from({ length: 8 }, (_, index) =>
    promisify(execFile)(process.execPath, [LOCKER, home, `r${index}`, proof, '12'], { encoding: 'utf8' }),
  )
  expect((await Promise.all(racers)).map(({ stdout, stderr }) => stdout + stderr)).toEqual(Array.from({ length: 8 }, () => '12'))
})

test("a dead holder's lock is taken over, but not while its run is being cleaned up or has something faulted", async () => {
  await abandoned('r1', 'system:a')
  await createRun(home, { ...ownIdentity(), run: 'r1', title: '', system: 'a', out: '', file: '', began: '', state: 'running' })
  const lease = { run: 'r1', epoch: 2, by: 'watchdog', ...ownIdentity(), renewed: process.hrtime.bigint() } as const
  writeFileSync(runPaths(home, 'r1').lease, renderLease(lease))
  await expect(acquireLocks(home, 'r2', ['system:a'])).rejects.toMatchObject({ code: 'LOCKED' })
  writeFileSync(runPaths(home, 'r1').lease, renderLease({ ...lease, renewed: 0n }))
  const record = { run: 'r1', fault: 'f', kind: 'k', version: 1, target: 't', data: null, command: '', expires: null, due: 0 }
  await localStore(home).put({ ...record, id: 'f#0/0' })
  await expect(acquireLocks(home, 'r2', ['system:a'])).rejects.toMatchObject({ code: 'LOCKED_FAULTED', next: ['firedrill undo --run r1'] })
  await localStore(home).remove('r1', 'f#0/0')
  const [lock] = await acquireLocks(home, 'r2', ['system:a'])
  expect(lock?.name).toBe('system:a')
  releaseLocksOf(home, 'r1')
  expect(lockFiles()).toHaveLength(1)
  releaseLocksOf(home, 'r2')
  expect(lockFiles()).toEqual([])
})

test('what a power cut left of a lock, or of a taking over, stands in nobody’s way', async () => {
  const [first] = await acquireLocks(home, 'r1', ['system:a'])
  const file = join(locksFolder(home), lockFiles()[0] ?? '')
  first?.release()
  writeFileSync(file, '')
  writeFileSync(`${file}.over`, JSON.stringify({ ...ownIdentity(), start: 'long ago', name: '', run: 'r0', nonce: '0' }))
  expect(await acquireLocks(home, 'r2', ['system:a'])).toHaveLength(1)
})
