import type { UndoStore } from '../../contracts/undo-store.ts'
import { listRuns, type RunStatus, statusOf } from '../../engine/home/runs.ts'
import type { RunInStore } from '../../engine/undo/in-store.ts'
import type { Paint } from '../host/terminal.ts'
import { plural } from '../output/format.ts'
import { table } from '../output/table.ts'
import { isLeft, renderInStore, type StoreJson, storesJson, THIS_MACHINE_ONLY } from './stores.ts'

export interface StatusJson {
  readonly runs: readonly {
    readonly run: string
    readonly title: string
    readonly system: string
    readonly state: RunStatus['state']
    readonly pid: number
    readonly began: string
    readonly out: string
    readonly open: readonly { readonly id: string; readonly kind: string; readonly target: string; readonly command: string }[]
  }[]
  /** What was found where `--store` looked. */
  readonly stores: readonly StoreJson[]
  /** Something of a drill that no longer runs is still, or may still be, broken. */
  readonly faulted: boolean
}

const over = ({ state }: RunStatus): boolean => state === 'dead' || state === 'hung' || state === 'ended'

/** Every run that is under way, or that left something faulted. */
export async function runStatuses(home: string): Promise<readonly RunStatus[]> {
  const runs = await listRuns(home)
  const statuses = await Promise.all(runs.map(({ run }) => statusOf(home, run)))
  return statuses.filter(({ state, open }) => state !== 'ended' || open.length > 0)
}

type Found = readonly (readonly RunInStore[])[]

export const statusJson = (statuses: readonly RunStatus[], stores: readonly UndoStore[], found: Found): StatusJson => ({
  runs: statuses.map(({ info, state, open }) => ({
    run: info.run,
    title: info.title,
    system: info.system,
    state,
    pid: info.pid,
    began: info.began,
    out: info.out,
    open: open.map(({ id, kind, target, command }) => ({ id, kind, target, command })),
  })),
  stores: storesJson(stores, found),
  faulted: statuses.some((status) => over(status) && status.open.length > 0) || found.flat().some(isLeft),
})

function lines(status: RunStatus, paint: Paint): readonly string[] {
  const { info, state, open } = status
  const bad = over(status) && open.length > 0
  const head = `${paint.bold(info.run)}  ${bad ? paint.red.bold(state) : state}  ${info.system}  ${info.title}`
  const faults = open.map(({ id, kind, target, command }) => [`${id}`, kind, target, paint.dim(command)])
  const next = bad
    ? [`  put it back: firedrill undo --run ${info.run}`]
    : state === 'running'
      ? [`  stop it: firedrill stop ${info.run}`]
      : []
  return [head, ...(faults.length === 0 ? [] : [`  ${plural(open.length, 'thing')} faulted:`, table(faults, '    ')]), ...next]
}

export function renderStatus(statuses: readonly RunStatus[], paint: Paint): string {
  if (statuses.length === 0) return 'No drill is running and nothing is faulted.'
  return statuses.flatMap((status) => lines(status, paint)).join('\n')
}

/** The same, with what was found in stores; where none was named, that is said. */
export function renderEverywhere(statuses: readonly RunStatus[], found: Found, looked: boolean, paint: Paint): string {
  const there = found.flat()
  const here = statuses.length > 0 || there.length === 0 ? [renderStatus(statuses, paint)] : []
  return [...here, ...there.map((each) => renderInStore(each, paint)), ...(looked ? [] : [paint.dim(THIS_MACHINE_ONLY)])].join('\n')
}
