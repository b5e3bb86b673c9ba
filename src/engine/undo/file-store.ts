import { readdir } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import type { UndoStore, UndoStoreKind } from '../../contracts/undo-store.ts'
import type { UndoRecord } from '../../domain/undo.ts'
import { hasCode, makeFolder, readIfThere, removeDurably, writeDurably } from '../home/durable.ts'
import { runPaths } from '../home/layout.ts'

/** A record as a file: `order` counts the records of a run, because undo goes backwards. */
interface Filed {
  readonly firedrill: 1
  readonly order: number
  readonly record: UndoRecord
}

/** A folder, best on another disk or a network share: one JSON file a record. */
export const fileStore: UndoStoreKind = {
  scheme: 'file',
  summary: 'A folder',
  open: async (where) => {
    const folder = resolve(where.replace(/^file:(?:\/\/)?/, ''))
    return folderStore(
      where,
      (run) => join(folder, encodeURIComponent(run)),
      () => namesIn(folder),
    )
  },
}

/** The undo records of this machine: below `undo/` of every run's folder. */
export const localStore = (home: string): UndoStore =>
  folderStore(
    'this machine',
    (run) => runPaths(home, run).undo,
    () => namesIn(join(home, 'runs')),
  )

function folderStore(where: string, folderOf: (run: string) => string, runs: () => Promise<readonly string[]>): UndoStore {
  const orders = new Map<string, number>()
  let turn: Promise<unknown> = Promise.resolve()
  const nextOrder = async (run: string): Promise<number> => {
    const known = orders.get(run) ?? Math.max(0, ...(await filed(folderOf(run))).map(({ order }) => order))
    orders.set(run, known + 1)
    return known + 1
  }
  // One after the other: records of one batch keep the order of the calls.
  const orderInTurn = (run: string): Promise<number> => {
    const order = turn.then(() => nextOrder(run))
    turn = order.catch(() => undefined)
    return order
  }
  return {
    where,
    put: async (record) => {
      const folder = folderOf(record.run)
      const order = await orderInTurn(record.run)
      await makeFolder(folder)
      const text: Filed = { firedrill: 1, order, record }
      await writeDurably(join(folder, fileName(record.id)), `${JSON.stringify(text, null, 2)}\n`)
    },
    list: async (run) => {
      const folders = run === undefined ? (await runs()).map((name) => folderOf(decodeURIComponent(name))) : [folderOf(run)]
      const lists = await Promise.all(folders.map(filed))
      return lists.flatMap((list) => list.toSorted((a, b) => a.order - b.order).map(({ record }) => record))
    },
    remove: (run, id) => removeDurably(join(folderOf(run), fileName(id))),
  }
}

const fileName = (id: string): string => `${encodeURIComponent(id)}.json`

/** Every record in the folder. Rejects when one cannot be read: what may still be faulted is never passed over in silence. */
async function filed(folder: string): Promise<readonly Filed[]> {
  const names = (await namesIn(folder)).filter((name) => name.endsWith('.json'))
  const texts = await Promise.all(names.map((name) => readIfThere(join(folder, name))))
  return texts.flatMap((text) => (text === undefined ? [] : [JSON.parse(text) as Filed]))
}

async function namesIn(folder: string): Promise<readonly string[]> {
  try {
    return await readdir(folder)
  } catch (error) {
    if (hasCode(error, 'ENOENT') || hasCode(error, 'ENOTDIR')) return []
    throw error
  }
}
