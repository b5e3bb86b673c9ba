import { expect, test } from 'vitest'
import type { UndoStore } from '../../contracts/undo-store.ts'
import type { UndoRecord } from '../../domain/undo.ts'
import { isExpired, runsInStore } from './in-store.ts'

const record = (run: string, due: number, id = 'a#1/0'): UndoRecord => ({
  id,
  run,
  fault: 'a',
  kind: 'fake',
  version: 1,
  target: 'it',
  data: {},
  command: 'put it back',
  expires: null,
  due,
})

/** A store whose platform's clock says 1000. */
const store = (records: readonly UndoRecord[], more: Partial<UndoStore> = {}): UndoStore => ({
  where: 'kubernetes:drill',
  put: async () => undefined,
  list: async () => records,
  remove: async () => undefined,
  now: async () => 1000,
  ...more,
})

const expiredIn = async (of: UndoStore) => (await runsInStore(of)).filter(isExpired).map(({ run }) => run)

test('overdue by more than a minute on the store’s own clock, and its lock is stale', async () => {
  const records = [record('past', 900), record('soon', 1500), record('just', 960), record('held', 100)]
  expect(await expiredIn(store(records, { held: async (run) => run === 'held' }))).toEqual(['past'])
})

test('with a stale lock the first record that is overdue tells; where no lock can be seen, only the last', async () => {
  const records = [record('r', 900), record('r', 1500, 'b#1/0')]
  expect(await expiredIn(store(records, { held: async () => false }))).toEqual(['r'])
  expect(await expiredIn(store(records))).toEqual([])
})

test('who holds a lock and has nothing faulted is listed, and never expires', async () => {
  const held = store([], { held: async () => true, holders: async () => [{ run: 'r', system: 'shop' }] })
  expect(await runsInStore(held)).toMatchObject([{ run: 'r', open: [], held: true, overdue: null }])
  expect(await expiredIn(held)).toEqual([])
})
