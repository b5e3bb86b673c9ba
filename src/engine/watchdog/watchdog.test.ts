import { spawnSync } from 'node:child_process'
import { appendFileSync, existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test as base, describe, type ExpectStatic } from 'vitest'
import { registry } from '../../../test/fixtures/crash/registry.ts'
import { FILES, RUN, type Stage, stage, until } from '../../../test/fixtures/crash/stage.ts'
import { readLease } from '../../contracts/lease.ts'
import type { Ledger } from '../../contracts/ledger.ts'
import type { Load } from '../../contracts/load.ts'
import { startOf } from '../../contracts/process.ts'
import { seconds } from '../../domain/time.ts'
import { journalIn, runPaths } from '../home/layout.ts'
import { requestStop, writeRun } from '../home/runs.ts'
import { acquireLocks } from '../locks/locks.ts'
import { abandonedRuns, undoByHand } from '../undo/by-hand.ts'

interface Fixtures {
  readonly start: (hold: string, prepare?: (folder: string) => void) => Stage
}

const test = base.extend<Fixtures>({
  // oxlint-disable-next-line no-empty-pattern
  start: async ({}, use) => {
    const stages: Stage[] = []
    await use((hold, prepare) => {
      const one = stage(hold, prepare)
      stages.push(one)
      return one
    })
    for (const one of stages) await one.clear()
  },
})

const ended = (at: Stage): Promise<void> => until('the run is ended', async () => (await at.status()).state === 'ended')

/** Nothing is broken, nothing was undone that was not done, nothing twice; the journal is readable and says how it ended. */
async function expectRescued(at: Stage, expect: ExpectStatic, broken: number, verdict: 'aborted' | 'held' = 'aborted'): Promise<void> {
  for (const [index, name] of FILES.entries()) {
    expect(at.read(name)).toBe('whole')
    expect(at.done(name)).toEqual(index < broken ? ['broken', 'restored'] : [])
  }
  expect((await at.status()).open).toEqual([])
  expect((await at.journal()).problems).toEqual([])
  const closed = await at.events('drill.closed')
  expect(closed.map((event) => event.verdict)).toEqual([verdict])
  expect(await at.events('lease.taken')).toHaveLength(verdict === 'aborted' ? 1 : 0)
  expect(readFileSync(join(at.folder, 'system.log'), 'utf8')).toBe('down\n')
  expect(existsSync(join(at.out, 'report.txt'))).toBe(true)
}

const STEPS: readonly (readonly [string, number])[] = [
  ['watched', 0],
  ['recorded 0', 0],
  ['intended 0', 0],
  ['mutated 0', 1],
  ['injected 0', 1],
  ['recorded 1', 1],
  ['mutated 1', 2],
  ['mutated 2', 3],
  ['injected 2', 3],
  ['undone break#2/0', 3],
  ['undone break#0/0', 3],
]

describe.concurrent('an engine that dies is succeeded by its watchdog', () => {
  test.for(STEPS)('SIGKILL at "%s"', async ([step, broken], { start, expect }) => {
    const at = start(step)
    await at.says(step)
    at.engine.kill('SIGKILL')
    await ended(at)
    await expectRescued(at, expect, broken)
    expect((await at.events('abort')).map(({ cause }) => cause)).toEqual(['engine-died'])
  })

  test('SIGKILL after the journal was closed: its verdict stands, its file stays as it was', async ({ start, expect }) => {
    const at = start('closed')
    await at.says('closed')
    const sealed = readFileSync(journalIn(at.out))
    at.engine.kill('SIGKILL')
    await ended(at)
    await expectRescued(at, expect, 3, 'held')
    expect(readFileSync(journalIn(at.out)).equals(sealed)).toBe(true)
  })

  test('SIGKILL of the whole process group; undo begins within a second, newest first', async ({ start, expect }) => {
    const at = start('injected 2')
    await at.says('injected 2')
    const killed = process.hrtime.bigint()
    process.kill(-(at.engine.pid ?? 0), 'SIGKILL')
    await until('the newest is whole', () => at.read('c') === 'whole')
    expect(Number(process.hrtime.bigint() - killed) / 1e9).toBeLessThan(1)
    await ended(at)
    await expectRescued(at, expect, 3)
    expect((await at.events('undo.began')).map(({ undo }) => undo)).toEqual(['break#2/0', 'break#1/0', 'break#0/0'])
  })

  test('signals that end others do not end a watchdog', async ({ start, expect }) => {
    const at = start('mutated 0')
    await at.says('mutated 0')
    for (const signal of ['SIGHUP', 'SIGINT', 'SIGTERM'] as const) process.kill(at.watchdogPid(), signal)
    at.engine.kill('SIGKILL')
    await ended(at)
    await expectRescued(at, expect, 1)
  })

  test('stopped for longer than its lease: it is killed, never goes on, and a late SIGCONT changes nothing', async ({ start, expect }) => {
    const at = start('mutated 0')
    await at.says('mutated 0')
    at.engine.kill('SIGSTOP')
    const stopped = Date.now()
    await until('the watchdog has taken over', async () => (await at.events('lease.taken')).length === 1)
    expect((Date.now() - stopped) / 1000).toBeGreaterThan(2)
    expect(at.engine.kill('SIGCONT') && startOf(at.engine.pid ?? 0) !== undefined).toBe(false)
    await ended(at)
    await expectRescued(at, expect, 1)
    expect((await at.events('lease.taken'))[0]?.why).toMatch(/silent for \d/)
  })

  test('both stopped for longer than the lease: the engine wakes and injects nothing more', async ({ start, expect }) => {
    const at = start('recorded 1')
    await at.says('recorded 1')
    process.kill(at.watchdogPid(), 'SIGSTOP')
    at.engine.kill('SIGSTOP')
    await new Promise((resolve) => setTimeout(resolve, 3400))
    at.engine.kill('SIGCONT')
    await at.says('lease lapsed')
    process.kill(at.watchdogPid(), 'SIGCONT')
    await new Promise((resolve) => setTimeout(resolve, 700))
    // The watchdog slept as well: it gives the engine, which renews again, the time to undo in order.
    expect((await at.status()).state).toBe('running')
    writeFileSync(at.file('go'), '')
    await at.says(/LEASE_LOST/)
    await ended(at)
    await expectRescued(at, expect, 1)
  })

  test('a torn last line becomes an entry and the chain goes on', async ({ start, expect }) => {
    const at = start('mutated 1')
    await at.says('mutated 1')
    process.kill(at.watchdogPid(), 'SIGKILL')
    at.engine.kill('SIGKILL')
    await at.says('exit SIGKILL').catch(() => undefined)
    await until('both are gone', () => startOf(at.engine.pid ?? 0) === undefined)
    const torn = '{"seq":5,"at":1.5,"prev":"00'
    appendFileSync(journalIn(at.out), torn)
    const { results, exit } = await undoByHand(RUN, { home: at.home, registry, env: {}, log: () => {}, again: seconds(0.1) })
    expect(exit).toBe(0)
    expect(results.map(({ outcome }) => outcome.state)).toEqual(['undone', 'undone'])
    const { problems, entries } = await at.journal()
    expect(problems).toEqual([])
    expect(entries.map(({ event }) => event).find((event) => event.kind === 'note')).toMatchObject({ data: { torn } })
  })

  test('a watchdog that dies is replaced; the new one does the work', async ({ start, expect }) => {
    const at = start('mutated 0')
    await at.says('mutated 0')
    const first = at.watchdogPid()
    process.kill(first, 'SIGKILL')
    await at.says(/^The watchdog ended/)
    await until('a new one watches', () => readFileSync(runPaths(at.home, RUN).watchdogLog, 'utf8').match(/watching/g)?.length === 2)
    at.engine.kill('SIGKILL')
    await ended(at)
    await expectRescued(at, expect, 1)
  })

  test('a drill folder that is gone: everything is undone all the same', async ({ start, expect }) => {
    const at = start('mutated 1')
    await at.says('mutated 1')
    renameSync(at.out, `${at.out}.moved`)
    at.engine.kill('SIGKILL')
    await ended(at)
    expect(FILES.map((name) => at.read(name))).toEqual(['whole', 'whole', 'whole'])
    expect((await at.status()).open).toEqual([])
  })

  test('a home that is gone: the journal alone is enough', async ({ start, expect }) => {
    const at = start('mutated 1')
    await at.says('mutated 1')
    renameSync(at.home, `${at.home}.moved`)
    await at.says('lease taken')
    await until('the drill is closed', async () => (await at.events('drill.closed')).length > 0)
    expect(startOf(at.engine.pid ?? 0)).toBeUndefined()
    expect(FILES.map((name) => at.done(name))).toEqual([['broken', 'restored'], ['broken', 'restored'], []])
    expect((await at.journal()).problems).toEqual([])
  })

  test.skipIf(process.platform !== 'linux')(
    'a disk that takes nothing any more: undone, and closed by hand later',
    async ({ start, expect }) => {
      const at = start('mutated 1')
      await at.says('mutated 1')
      // Room for what the fault itself writes, and for nothing of firedrill's.
      expect(spawnSync('sh', ['-c', `prlimit --pid=${at.watchdogPid()} --fsize=16`]).status).toBe(0)
      at.engine.kill('SIGKILL')
      await until('the watchdog is done', () => startOf(at.watchdogPid()) === undefined)
      expect(FILES.map((name) => at.done(name))).toEqual([['broken', 'restored'], ['broken', 'restored'], []])
      const { exit } = await undoByHand(RUN, { home: at.home, registry, env: {}, log: () => {}, again: seconds(0) })
      expect(exit).toBe(0)
      expect((await at.journal()).problems).toEqual([])
      expect(await at.events('drill.closed')).toHaveLength(1)
      expect(at.done('a')).toEqual(['broken', 'restored'])
    },
  )

  test('after it has let go of its lease, an engine may be busy for as long as it likes', async ({ start, expect }) => {
    const at = start('released')
    await at.says('released')
    await new Promise((resolve) => setTimeout(resolve, 3600))
    expect((await at.status()).state).toBe('running')
    await expect(undoByHand(RUN, { home: at.home, registry, env: {}, log: () => {} })).rejects.toMatchObject({ code: 'LEASE_HELD' })
    writeFileSync(at.file('go'), '')
    await at.says('ended')
    expect(existsSync(join(at.out, 'report.txt'))).toBe(false)
  })

  test('asked to stop by a file, from any session', async ({ start, expect }) => {
    const at = start('mutated 0')
    await at.says('mutated 0')
    await requestStop(at.home, RUN, 'enough')
    expect(await at.says(/^asked to stop/)).toBe('asked to stop: enough')
  })
})

describe.concurrent('undo by hand', () => {
  const byHand = (at: Stage) => undoByHand(RUN, { home: at.home, registry, env: {}, log: () => {}, again: seconds(0.1) })
  const killBoth = async (at: Stage): Promise<void> => {
    process.kill(at.watchdogPid(), 'SIGKILL')
    at.engine.kill('SIGKILL')
    await until('both are gone', () => startOf(at.engine.pid ?? 0) === undefined && startOf(at.watchdogPid()) === undefined)
  }

  test('is refused while the engine lives and renews', async ({ start, expect }) => {
    const at = start('mutated 0')
    await at.says('mutated 0')
    await expect(byHand(at)).rejects.toMatchObject({ code: 'LEASE_HELD', exit: 4 })
    expect(at.read('a')).not.toBe('whole')
  })

  test('does what the watchdog would have done when both are killed, once', async ({ start, expect }) => {
    const at = start('injected 2')
    await at.says('injected 2')
    await killBoth(at)
    expect((await at.status()).state).toBe('dead')
    expect((await abandonedRuns(at.home)).map(({ info, open }) => [info.run, open.length])).toEqual([[RUN, 3]])
    await expect(acquireLocks(at.home, 'r2', ['system:tiny'])).rejects.toMatchObject({ exit: 4 })
    const { exit } = await byHand(at)
    expect(exit).toBe(0)
    writeFileSync(join(at.out, 'report.txt'), '')
    await expectRescued(at, expect, 3)
    expect(readLease(runPaths(at.home, RUN).lease)?.epoch).toBe(2)
    expect(await byHand(at)).toEqual({ results: [], exit: 0 })
    expect(await abandonedRuns(at.home)).toEqual([])
    for (const lock of await acquireLocks(at.home, 'r2', ['system:tiny'])) lock.release()
  })

  test('of several at once one does the work and the others are refused', async ({ start, expect }) => {
    const at = start('injected 2', (folder) => writeFileSync(join(folder, 'a.slow'), ''))
    await at.says('injected 2')
    await killBoth(at)
    const outcomes = await Promise.allSettled([byHand(at), byHand(at), byHand(at)])
    expect(outcomes.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected', 'rejected'])
    writeFileSync(join(at.out, 'report.txt'), '')
    await expectRescued(at, expect, 3)
  })

  test('what cannot be undone stays on record: 5, and 0 once the obstacle is gone', async ({ start, expect }) => {
    const at = start('injected 2')
    await at.says('injected 2')
    await killBoth(at)
    const first = await undoByHand(RUN, { home: at.home, registry: noFault(), env: {}, log: () => {}, again: seconds(0) })
    expect(first.exit).toBe(5)
    expect(first.results.every(({ outcome }) => outcome.detail.includes('echo whole >'))).toBe(true)
    expect((await at.status()).open).toHaveLength(3)
    expect((await at.events('drill.closed'))[0]).toMatchObject({ verdict: 'undo-failed', exit: 5 })
    await expect(acquireLocks(at.home, 'r2', ['system:tiny'])).rejects.toMatchObject({ code: 'LOCKED_FAULTED' })
    const sealed = readFileSync(journalIn(at.out))
    expect((await byHand(at)).exit).toBe(0)
    expect(readFileSync(journalIn(at.out)).equals(sealed)).toBe(true)
    expect(FILES.map((name) => at.read(name))).toEqual(['whole', 'whole', 'whole'])
  })
})

describe('what a dead drill’s ledgers made', () => {
  test('is removed by the plan in its folder; what cannot be is in the journal', async ({ start, expect }) => {
    const at = start('mutated 0')
    await at.says('mutated 0')
    process.kill(at.watchdogPid(), 'SIGKILL')
    at.engine.kill('SIGKILL')
    await until('both are gone', () => startOf(at.engine.pid ?? 0) === undefined && startOf(at.watchdogPid()) === undefined)
    const { sandbox: _, ...info } = (await at.status()).info
    await writeRun(at.home, info)
    const rows = at.file('rows')
    writeFileSync(rows, '')
    const decl = { kind: 'file', spec: { file: rows }, rate: 1, timeout: 1 }
    const ledgers = { orders: { ...decl, name: 'orders' }, gone: { ...decl, name: 'gone', kind: 'gone' } }
    writeFileSync(join(at.out, 'plan.json'), JSON.stringify({ experiment: { ledgers } }))
    const open = async ({ file }: { file: string }) => ({
      scrub: async () => rmSync(file),
      leftovers: async () => (existsSync(file) ? [file] : []),
      close: async () => undefined,
    })
    const withLedger = { ...registry, ledgers: new Map([['file', { open } as unknown as Ledger]]) }
    const { exit } = await undoByHand(RUN, { home: at.home, registry: withLedger, env: {}, log: () => {}, again: seconds(0.1) })
    expect(exit).toBe(0)
    expect(existsSync(rows)).toBe(false)
    expect((await at.events('left-behind')).map(({ where }) => where)).toEqual(['ledger gone'])
  })
})

describe('what a dead drill’s load made elsewhere', () => {
  test('is put away twice, for a call may have been under way; what cannot be is in the journal, and the next undo tries again', async ({
    start,
    expect,
  }) => {
    const at = start('mutated 0')
    await at.says('mutated 0')
    process.kill(at.watchdogPid(), 'SIGKILL')
    at.engine.kill('SIGKILL')
    await until('both are gone', () => startOf(at.engine.pid ?? 0) === undefined && startOf(at.watchdogPid()) === undefined)
    const load = { kind: 'far', handle: { name: 'traffic' }, what: 'the traffic', where: 'the cluster', command: 'far stop traffic' }
    await writeRun(at.home, { ...(await at.status()).info, load })
    const calls: unknown[] = []
    let obstacle = true
    const far = {
      cleanUp: async (handle: unknown, { run }: { readonly run: string }) => {
        calls.push([run, handle])
        if (obstacle) throw new Error('no route')
      },
    }
    const withLoad = { ...registry, loads: new Map([['far', far as unknown as Load]]) }
    const undo = () => undoByHand(RUN, { home: at.home, registry: withLoad, env: {}, log: () => {}, again: seconds(0.1) })
    expect((await undo()).exit).toBe(0)
    expect(calls).toEqual([
      [RUN, { name: 'traffic' }],
      [RUN, { name: 'traffic' }],
    ])
    expect(await at.events('left-behind')).toEqual([
      { kind: 'left-behind', what: 'the traffic (no route): far stop traffic', where: 'the cluster' },
    ])
    expect((await abandonedRuns(at.home)).map(({ info }) => info.run)).toEqual([RUN])
    obstacle = false
    expect((await undo()).exit).toBe(0)
    expect(calls).toHaveLength(4)
    expect(await abandonedRuns(at.home)).toEqual([])
    await undo()
    expect(calls).toHaveLength(4)
  })
})

const noFault = () => ({ ...registry, faults: new Map() })
