import type { UndoStore } from '../../contracts/undo-store.ts'
import { formatDuration, seconds } from '../../domain/time.ts'
import type { RunInStore } from '../../engine/undo/in-store.ts'
import { runsInStore } from '../../engine/undo/in-store.ts'
import { openUndoStore } from '../../engine/undo/stores.ts'
import { registry } from '../../registry/index.ts'
import type { Paint } from '../host/terminal.ts'
import { plural } from '../output/format.ts'
import { table } from '../output/table.ts'
import { harmless } from '../output/text.ts'

type Env = Readonly<Record<string, string | undefined>>

/** Opens what `--store` names. Rejects with a DrillError (refused) when there is no such store. */
export const openStores = (wheres: readonly string[], env: Env): Promise<readonly UndoStore[]> =>
  Promise.all(wheres.map((where) => openUndoStore(where, registry.undoStores, { env, folder: process.cwd() })))

export interface StoreJson {
  readonly where: string
  readonly runs: readonly {
    readonly run: string
    /** null: the store cannot tell. */
    readonly held: boolean | null
    /** Seconds; negative: not due yet. null: nothing is open. */
    readonly overdue: number | null
    readonly open: readonly { readonly id: string; readonly kind: string; readonly target: string; readonly command: string }[]
  }[]
}

/** What is to be found in each of the stores. */
export const lookInto = (stores: readonly UndoStore[]): Promise<readonly (readonly RunInStore[])[]> => Promise.all(stores.map(runsInStore))

export const storesJson = (stores: readonly UndoStore[], found: readonly (readonly RunInStore[])[]): readonly StoreJson[] =>
  stores.map(({ where }, index) => ({
    where,
    runs: (found[index] ?? []).map(({ run, held, overdue, open }) => ({
      run,
      held,
      overdue,
      open: open.map(({ id, kind, target, command }) => ({ id, kind, target, command })),
    })),
  }))

/** Something there is faulted, and nobody is at work on it. */
export const isLeft = ({ held, open }: RunInStore): boolean => held !== true && open.length > 0

export function renderInStore(found: RunInStore, paint: Paint): string {
  const { run, store, open } = found
  const left = isLeft(found)
  const head = `${paint.bold(run)}  ${left ? paint.red.bold(stateOf(found)) : stateOf(found)}  ${store.where}`
  const faults = open.map(({ id, kind, target, command }) => [id, kind, harmless(target), paint.dim(harmless(command))])
  const next = left
    ? `  put it back: firedrill undo --run ${run} --store ${store.where}`
    : `  stop it: firedrill stop ${run} --store ${store.where}`
  return [head, ...(faults.length === 0 ? [] : [`  ${plural(open.length, 'thing')} faulted:`, table(faults, '    ')]), next].join('\n')
}

function stateOf({ held, overdue }: RunInStore): string {
  const holder = held === null ? 'nobody knows whether it runs' : held ? 'running' : 'dead'
  if (overdue === null) return holder
  const by = formatDuration(seconds(Math.round(Math.abs(overdue))))
  return overdue > 0 ? `${holder}, overdue by ${by}` : `${holder}, due in ${by}`
}

/** Said where only this machine was looked at. */
export const THIS_MACHINE_ONLY = 'Only this machine was looked at; what other machines left in a cluster: --store kubernetes:CONTEXT'
