import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { systemClock } from '../../contracts/clock.ts'
import type { Fault } from '../../contracts/fault.ts'
import type { UndoStore } from '../../contracts/undo-store.ts'
import { refused } from '../../domain/error.ts'
import type { DrillEvent } from '../../domain/event.ts'
import { seconds } from '../../domain/time.ts'
import type { UndoOutcome, UndoRecord } from '../../domain/undo.ts'
import { runPaths } from '../home/layout.ts'
import { undoFromStore } from './by-hand.ts'
import { undoDesk } from './desk.ts'
import { fileStore, localStore } from './file-store.ts'
import { openUndoStore } from './stores.ts'
import { recordUndo, type UndoDeps, undoRecords } from './undo-records.ts'

let home = ''
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'firedrill-undo-'))
})
afterEach(() => rmSync(home, { recursive: true, force: true }))

const record = (id: string, kind = 'fake'): UndoRecord => ({
  id,
  run: 'r1',
  fault: id.split('#')[0] ?? '',
  kind,
  version: 1,
  target: `target of ${id}`,
  data: { id },
  command: `put ${id} back`,
  expires: null,
  due: 0,
})
const undone: UndoOutcome = { state: 'undone', verified: true, detail: '' }
const idOf = (data: unknown): string => (data as { id: string }).id

interface Bench {
  readonly deps: UndoDeps
  readonly store: UndoStore
  readonly events: readonly DrillEvent[]
  readonly calls: readonly string[]
}

/** What an undo answers is the test's; the rest is real. */
function bench(undo: (id: string, signal: AbortSignal, call: number) => Promise<UndoOutcome>, deadline = 5): Bench {
  const calls: string[] = []
  const events: DrillEvent[] = []
  const clock = systemClock(process.hrtime.bigint())
  const fault = {
    undoVersion: 1,
    undo: (data: unknown, { signal }: { signal: AbortSignal }) => {
      calls.push(idOf(data))
      return undo(idOf(data), signal, calls.filter((id) => id === idOf(data)).length)
    },
  } as unknown as Fault
  const append = (event: DrillEvent) => {
    events.push(event)
    return { seq: 0, at: 0, prev: '', event }
  }
  const store = localStore(home)
  const deps: UndoDeps = {
    faults: new Map([['fake', fault]]),
    clock,
    journal: { append, commit: async (...all) => void all.map(append) },
    stores: [store],
    contextFor: (_record, signal) => ({
      clock,
      signal,
      run: 'r1',
      lease: { file: '', epoch: 1 },
      env: {},
      folder: '',
      note: () => {},
    }),
    deadline: seconds(deadline),
  }
  return { deps, store, events, calls }
}

const states = (of: Awaited<ReturnType<typeof undoRecords>>) => Object.fromEntries(of.map((r) => [r.record.id, r.outcome.state]))

test('records are files that only the owner reads, in the order of the calls, found again by any process', async () => {
  const store = localStore(home)
  const ids = ['z#0/0', 'a#0/1', 'a#1/0', 'über/ü#0/0']
  await recordUndo(
    ids.map((id) => record(id)),
    [store],
  )
  await localStore(home).put(record('late#0/0'))
  expect((await localStore(home).list('r1')).map(({ id }) => id)).toEqual([...ids, 'late#0/0'])
  expect((await localStore(home).list()).length).toBe(5)
  const folder = runPaths(home, 'r1').undo
  for (const name of readdirSync(folder)) expect(statSync(join(folder, name)).mode & 0o777).toBe(0o600)
  await store.remove('r1', 'a#0/1')
  await store.remove('r1', 'a#0/1')
  expect((await store.list('r1')).map(({ id }) => id)).toEqual(['z#0/0', 'a#1/0', 'über/ü#0/0', 'late#0/0'])
  expect(await store.list('another')).toEqual([])
})

test('a store that refuses stops the mutation: recording rejects', async () => {
  writeFileSync(join(home, 'file'), '')
  const blocked = await openUndoStore('./file', new Map([['file', fileStore]]), { env: {}, folder: home })
  await expect(recordUndo([record('a#0/0')], [localStore(home), blocked])).rejects.toMatchObject({ code: 'UNDO_NOT_KEPT', exit: 3 })
  await expect(openUndoStore('s3://bucket', new Map([['file', fileStore]]), { env: {}, folder: home })).rejects.toMatchObject({
    code: 'UNDO_STORE',
    exit: 4,
  })
})

test('newest first; one that fails stops no other and stays on record; every outcome is journaled with the command', async () => {
  const { deps, store, events, calls } = bench(async (id) => {
    if (id === 'b#0/0') throw refused('no', 'NO')
    return undone
  })
  const records = ['a#0/0', 'b#0/0', 'c#0/0'].map((id) => record(id))
  await recordUndo(records, [store])
  const results = await undoRecords(records, deps)
  expect(states(results)).toEqual({ 'a#0/0': 'undone', 'b#0/0': 'failed', 'c#0/0': 'undone' })
  expect([...new Set(calls)]).toEqual(['c#0/0', 'b#0/0', 'a#0/0'])
  expect((await store.list('r1')).map(({ id }) => id)).toEqual(['b#0/0'])
  const ended = events.filter((event) => event.kind === 'undo.ended')
  expect(ended.map(({ undo, command }) => [undo, command])).toContainEqual(['b#0/0', 'put b#0/0 back'])
  expect(ended.every(({ at }) => at.lo <= at.hi)).toBe(true)
})

test('what breaks on the way is tried again; what the fault itself says no to, a few times', async () => {
  const { deps, calls } = bench(async (id, _signal, call) => {
    if (id === 'flaky#0/0' && call < 4) throw new Error('connection reset')
    return id === 'flaky#0/0' ? undone : { state: 'failed', verified: false, detail: 'no' }
  })
  const results = await undoRecords([record('flaky#0/0'), record('no#0/0')], deps)
  expect(states(results)).toEqual({ 'flaky#0/0': 'undone', 'no#0/0': 'failed' })
  expect(calls.filter((id) => id === 'no#0/0')).toHaveLength(4)
})

test('one whose answer was lost is not taken for somebody else’s; and what went wrong is told, not that time was up', async () => {
  const { deps } = bench(async (id, signal, call) => {
    const lost = new Error('no answer from the server')
    if (id === 'lost#0/0' && call === 1) throw lost
    if (id === 'away#0/0')
      return call === 1 ? Promise.reject(lost) : new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)))
    return { state: 'not-injected', verified: true, detail: 'nothing of ours' }
  }, 0.5)
  const results = await undoRecords([record('lost#0/0'), record('others#0/0'), record('away#0/0')], { ...deps, wasInjected: () => true })
  expect(states(results)).toEqual({ 'lost#0/0': 'undone', 'others#0/0': 'drifted', 'away#0/0': 'failed' })
  expect(results.find(({ outcome }) => outcome.state === 'failed')?.outcome.detail).toContain('no answer from the server')
})

test('one that hangs and does not listen costs its own deadline and nobody else’s', async () => {
  const signals: AbortSignal[] = []
  const { deps } = bench((id, signal) => {
    signals.push(signal)
    return id === 'hang#0/0' ? new Promise(() => {}) : Promise.resolve(undone)
  }, 0.3)
  const began = performance.now()
  const results = await undoRecords([record('a#0/0'), record('hang#0/0'), record('b#0/0')], deps)
  expect(performance.now() - began).toBeLessThan(2000)
  expect(states(results)).toEqual({ 'a#0/0': 'undone', 'hang#0/0': 'failed', 'b#0/0': 'undone' })
  expect(results.find(({ outcome }) => outcome.state === 'failed')?.outcome.detail).toContain('put hang#0/0 back')
  expect(signals.map(({ aborted }) => aborted)).toEqual([false, true, false])
})

test('targets of one occurrence go abreast, occurrences one after the other', async () => {
  let now = 0
  let most = 0
  const { deps, calls } = bench(async () => {
    now += 1
    most = Math.max(most, now)
    await new Promise((resolve) => setTimeout(resolve, 20))
    now -= 1
    return undone
  })
  await undoRecords([record('first#0/0'), ...Array.from({ length: 20 }, (_, index) => record(`many#0/${index}`))], deps)
  expect(most).toBe(8)
  expect(calls.at(-1)).toBe('first#0/0')
  expect(calls).toHaveLength(21)
})

test('a kind or a version that is not known fails with what a person would type', async () => {
  const { deps } = bench(async () => undone)
  const results = await undoRecords([record('a#0/0', 'gone/away'), { ...record('b#0/0'), version: 2 }], deps)
  expect(results.map(({ outcome }) => outcome.detail)).toEqual([
    expect.stringContaining('version 2, this firedrill knows 1; put it back by hand: put b#0/0 back'),
    expect.stringContaining('no such fault is known; put it back by hand: put a#0/0 back'),
  ])
})

test('the desk undoes each once, also when asked twice at the same time, and failed ones again', async () => {
  const { deps, calls, store } = bench(async (id, _signal, call) =>
    id === 'b#0/0' && call <= 4 ? { state: 'failed', verified: false, detail: 'no' } : undone,
  )
  const desk = undoDesk(deps)
  await desk.record([record('a#0/0'), record('b#0/0')])
  await Promise.all([desk.run(['a#0/0', 'b#0/0']), desk.run(['a#0/0'])])
  expect(calls.filter((id) => id === 'a#0/0')).toHaveLength(1)
  expect(desk.open().map(({ id }) => id)).toEqual(['b#0/0'])
  await desk.run(['a#0/0', 'b#0/0'])
  expect(desk.open()).toEqual([])
  expect(await store.list('r1')).toEqual([])
})

test('from another machine: the store alone is enough', async () => {
  const share = await openUndoStore('./share', new Map([['file', fileStore]]), { env: {}, folder: home })
  await recordUndo([record('a#0/0'), record('b#0/0')], [share])
  const { deps, calls } = bench(async () => undone)
  const elsewhere = join(home, 'elsewhere')
  const registry = {
    faults: deps.faults,
    platforms: new Map(),
    systems: new Map(),
    undoStores: new Map(),
    ledgers: new Map(),
    loads: new Map(),
  }
  const { exit } = await undoFromStore('r1', share, { home: elsewhere, registry, env: {}, log: () => {} })
  expect(exit).toBe(0)
  expect(calls).toEqual(['b#0/0', 'a#0/0'])
  expect(await share.list()).toEqual([])
})
