import { setTimeout as pause } from 'node:timers/promises'
import type { UndoStore } from '../../contracts/undo-store.ts'
import { refused, usage } from '../../domain/error.ts'
import { EXIT } from '../../domain/verdict.ts'
import { listRuns, type RunStatus, requestStop, statusOf } from '../../engine/home/runs.ts'

export interface StopJson {
  readonly stopped: readonly { readonly run: string; readonly state: RunStatus['state']; readonly open: number }[]
  readonly exit: number
}

const POLL_MS = 100
const POLL_THERE_MS = 500
const underWay = ({ state }: RunStatus): boolean => state === 'running' || state === 'undoing' || state === 'hung'

async function chosen(home: string, run: string | undefined): Promise<RunStatus> {
  if (run !== undefined) return statusOf(home, run)
  const all = await Promise.all((await listRuns(home)).map((info) => statusOf(home, info.run)))
  const running = all.filter(underWay)
  const [only] = running
  if (only === undefined) throw refused('No drill is running here.', 'NOTHING_RUNS', ['firedrill status'])
  if (running.length > 1) {
    throw usage(
      'More than one drill is running: say which.',
      'RUN_AMBIGUOUS',
      running.map(({ info }) => `firedrill stop ${info.run}`),
    )
  }
  return only
}

export interface StopInput {
  readonly run: string | undefined
  readonly why: string
  readonly waitSeconds: number
  /** Where to reach a run of another machine. */
  readonly stores: readonly UndoStore[]
}

/** Asks a run to stop and waits until nobody is at work on it. Exit 0: nothing is faulted; 5: something still is. */
export async function stopRun(home: string, of: StopInput): Promise<StopJson> {
  const { run, stores } = of
  if (stores.length === 0) return stopHere(home, of)
  if (run === undefined) throw usage('Say which run: several may run in a cluster.', 'RUN_AMBIGUOUS', ['firedrill status --store WHERE'])
  for (const store of stores) if (await store.stop?.(run, of.why)) return stoppedThere(run, store, of.waitSeconds)
  const where = stores.map((store) => store.where).join(', ')
  throw refused(`Nobody renews a lock of the run ${run} in ${where}.`, 'NOT_RUNNING', [
    `firedrill undo --run ${run} --store ${stores[0]?.where}`,
  ])
}

/** Its engine reads it at its next renewal, undoes, and lets go. */
async function stoppedThere(run: string, store: UndoStore, waitSeconds: number): Promise<StopJson> {
  const until = performance.now() + waitSeconds * 1000
  let held = true
  while (held && performance.now() < until) {
    await pause(POLL_THERE_MS)
    held = (await store.held?.(run)) ?? false
  }
  const open = (await store.list(run)).length
  return {
    stopped: [{ run, state: held ? 'running' : 'ended', open }],
    exit: open > 0 && waitSeconds > 0 ? EXIT['undo-failed'] : EXIT.held,
  }
}

async function stopHere(home: string, of: StopInput): Promise<StopJson> {
  const { info, state } = await chosen(home, of.run)
  if (state === 'ended' || state === 'dead') {
    throw refused(
      `${info.run} is not running (${state}).`,
      'NOT_RUNNING',
      state === 'dead' ? [`firedrill undo --run ${info.run}`] : ['firedrill status'],
    )
  }
  await requestStop(home, info.run, of.why)
  const until = performance.now() + of.waitSeconds * 1000
  let status = await statusOf(home, info.run)
  while (underWay(status) && performance.now() < until) {
    await pause(POLL_MS)
    status = await statusOf(home, info.run)
  }
  const faulted = status.open.length > 0 && of.waitSeconds > 0
  return { stopped: [{ run: info.run, state: status.state, open: status.open.length }], exit: faulted ? EXIT['undo-failed'] : EXIT.held }
}
