import { setTimeout as pause } from 'node:timers/promises'
import { refused, usage } from '../../domain/error.ts'
import { EXIT } from '../../domain/verdict.ts'
import { listRuns, type RunStatus, requestStop, statusOf } from '../../engine/home/runs.ts'

export interface StopJson {
  readonly stopped: readonly { readonly run: string; readonly state: RunStatus['state']; readonly open: number }[]
  readonly exit: number
}

const POLL_MS = 100
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

/** Asks a run to stop and waits until nobody is at work on it. Exit 0: nothing is faulted; 5: something still is. */
export async function stopRun(
  home: string,
  of: { readonly run: string | undefined; readonly why: string; readonly waitSeconds: number },
): Promise<StopJson> {
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
