import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemClock } from '../../src/contracts/clock.ts'
import type { Context } from '../../src/contracts/context.ts'
import { renderLease } from '../../src/contracts/lease.ts'

/** A temp folder that is removed with its scope. */
export interface Folder extends Disposable {
  readonly path: string
}

export function tempFolder(): Folder {
  const path = mkdtempSync(join(tmpdir(), 'fd-'))
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) }
}

/** A lease that is renewed until `stop`, and can be taken over. */
export interface TestLease extends Disposable {
  readonly file: string
  renew(epoch?: number): void
  /** Nobody renews it any more; `age` seconds ago was the last time. */
  lose(age: number): void
}

export function testLease(folder: string, run = 'run'): TestLease {
  const file = join(folder, 'lease.json')
  let epoch = 1
  const write = (age: number): void => {
    const renewed = process.hrtime.bigint() - BigInt(Math.round(age * 1e9))
    writeFileSync(`${file}.new`, renderLease({ run, epoch, by: 'engine', pid: process.pid, start: '0', boot: 'test', renewed }))
    renameSync(`${file}.new`, file)
  }
  write(0)
  const timer = setInterval(write, 500, 0)
  return {
    file,
    renew(next = epoch) {
      epoch = next
      write(0)
    },
    lose(age) {
      clearInterval(timer)
      write(age)
    },
    [Symbol.dispose]: () => clearInterval(timer),
  }
}

/** A context of a drill on the real clock. */
export function testContext(lease: string, folder: string, extra: Partial<Context> = {}): Context {
  return {
    clock: systemClock(process.hrtime.bigint()),
    signal: new AbortController().signal,
    run: 'run',
    lease: { file: lease, epoch: 1 },
    env: {},
    folder,
    note: () => undefined,
    ...extra,
  }
}
