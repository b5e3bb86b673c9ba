import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { isFresh, LEASE_VALID, leaseState, readLease, renderLease } from '../../contracts/lease.ts'
import { startOf } from '../../contracts/process.ts'
import { bootId, endForSure, isAlive, ownIdentity } from './identity.ts'
import { openLease, takeLease } from './lease.ts'

let folder = ''
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'firedrill-lease-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))
const file = (): string => join(folder, 'lease.json')
const options = (by: 'engine' | 'watchdog' | 'undo', onLost?: (why: string) => void) => ({
  run: 'r1',
  file: file(),
  by,
  ...(onLost && { onLost }),
})

/** A holder that is another process. */
function sleeper(): { readonly pid: number; readonly end: () => Promise<boolean> } {
  const child = spawn(process.execPath, ['-e', 'setTimeout(() => {}, 60000)'], { stdio: 'ignore' })
  const pid = child.pid ?? 0
  return { pid, end: () => endForSure({ pid, start: startOf(pid) ?? '', boot: bootId() }) }
}
const heldBy = (pid: number, age: number, start = startOf(pid) ?? ''): void =>
  writeFileSync(
    file(),
    renderLease({ run: 'r1', epoch: 1, by: 'engine', pid, start, boot: bootId(), renewed: process.hrtime.bigint() - BigInt(age * 1e9) }),
  )

test('is renewed by itself, in place, and says so to whoever polls it', async () => {
  const lease = openLease(options('engine'))
  const first = readFileSync(file(), 'utf8')
  await new Promise((resolve) => setTimeout(resolve, 700))
  const second = readFileSync(file(), 'utf8')
  expect(second).not.toBe(first)
  expect(second.length).toBe(first.length)
  expect(leaseState(file(), 1)).toBe('held')
  expect(leaseState(file(), 0)).toBe('newer')
  expect(() => openLease(options('engine'))).toThrow(/in other hands/)
  lease.release()
  expect(leaseState(file(), 1)).toBe('gone')
  expect(leaseState(join(folder, 'none'), 1)).toBe('gone')
  expect(isFresh({ ...ownIdentity(), run: '', epoch: 1, by: 'engine', renewed: 0n })).toBe(false)
})

test('silent for longer than it is valid: stale for others, lapsed for its holder, and never held again', async () => {
  const lost: string[] = []
  const lease = openLease(options('engine', (why) => lost.push(why)))
  expect(lease.check()).toBe('held')
  const { renewed } = readLease(file()) ?? { renewed: 0n }
  expect(leaseState(file(), 1, () => renewed + BigInt(LEASE_VALID * 1.01e9))).toBe('stale')
  // The event loop stands still, as under SIGSTOP.
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, LEASE_VALID * 1000 + 200)
  expect(lease.check()).toBe('lapsed')
  expect(() => lease.assertHeld()).toThrow(/nothing more is injected/)
  await new Promise((resolve) => setTimeout(resolve, 700))
  expect(lease.check()).toBe('lapsed')
  expect(leaseState(file(), 1)).toBe('held')
  expect(lost).toEqual(['lapsed'])
  lease.release()
})

test('is taken from a dead holder at the next epoch; the dead one’s pid in new hands is left alone', async () => {
  const other = sleeper()
  heldBy(other.pid, 0, 'another start')
  const lease = await takeLease(options('watchdog'))
  expect(lease.epoch).toBe(2)
  expect(readLease(file())).toMatchObject({ by: 'watchdog', epoch: 2, pid: process.pid })
  expect(startOf(other.pid)).toBeDefined()
  lease.release()
  expect((await takeLease(options('undo'))).epoch).toBe(3)
  await other.end()
})

test('is not taken from one that lives and renews; one that lives and is silent is killed first', async () => {
  const other = sleeper()
  heldBy(other.pid, 0.1)
  await expect(takeLease(options('undo'))).rejects.toMatchObject({ code: 'LEASE_HELD', exit: 4 })
  heldBy(other.pid, LEASE_VALID + 1)
  const lease = await takeLease(options('undo'))
  expect(startOf(other.pid)).toBeUndefined()
  expect(lease.epoch).toBe(2)
  lease.release()
})

test('its old holder notices a successor at once, and cannot renew into the successor’s file', async () => {
  const lost: string[] = []
  const lease = openLease(options('engine', (why) => lost.push(why)))
  const successor = renderLease({ run: 'r1', epoch: 2, by: 'undo', ...ownIdentity(), renewed: process.hrtime.bigint() })
  rmSync(file())
  writeFileSync(file(), successor)
  expect(lease.check()).toBe('taken')
  lease.release()
  await new Promise((resolve) => setTimeout(resolve, 600))
  expect(readFileSync(file(), 'utf8')).toBe(successor)
  expect(lost).toEqual(['taken'])
})

test('asking costs little: it is asked before every mutation', () => {
  const lease = openLease(options('engine'))
  const began = performance.now()
  for (let i = 0; i < 1000; i++) lease.check()
  expect((performance.now() - began) / 1000).toBeLessThan(1)
  lease.release()
})

test('an identity is one process of one boot', async () => {
  const own = ownIdentity()
  expect(isAlive(own)).toBe(true)
  expect(isAlive({ ...own, boot: 'another' })).toBe(false)
  expect(isAlive({ ...own, start: 'another' })).toBe(false)
  const other = sleeper()
  expect(await other.end()).toBe(true)
  expect(startOf(other.pid)).toBeUndefined()
  expect(startOf(2 ** 30)).toBeUndefined()
})
