import type { Context } from '../../contracts/context.ts'
import { defineFault, type EffectSeen } from '../../contracts/fault.ts'
import { isAlive, isStopped, type ProcessIdentity, signalTo } from '../../contracts/process.ts'
import { refused } from '../../domain/error.ts'
import { object } from '../../domain/shape.ts'
import { seconds } from '../../domain/time.ts'
import type { UndoOutcome } from '../../domain/undo.ts'
import { assertTouchable, maySignal } from '../../platforms/process/permission.ts'
import { isUnanswered } from '../../platforms/process/silence.ts'
import { type ProcessData, processOf } from '../../platforms/process/target.ts'
import { firstSeen } from '../../platforms/process/watch.ts'

const parameters = object({}, {})
type Spec = Readonly<Record<never, never>>

/** How long undo waits for the process to be seen running again, seconds. */
const READ_BACK = 1

async function effect(of: ProcessData, context: Context): Promise<EffectSeen> {
  const at = await firstSeen(() => isStopped(of) || !isAlive(of), context)
  if (at === undefined || !isAlive(of)) {
    const how = at === undefined ? `process ${of.pid} was not stopped` : `process ${of.pid} is gone: it was not there to be paused`
    return { proven: false, level: 'control', at: null, how }
  }
  const silent = await Promise.all(of.listeners.map((listener) => isUnanswered(listener, context)))
  const ports = of.listeners.filter((_, i) => silent[i]).map(({ port }) => port)
  if (ports.length === 0) return { proven: true, level: 'control', at, how: `process ${of.pid} is stopped (state T)` }
  return { proven: true, level: 'data', at, how: `process ${of.pid} is stopped (state T), and nobody accepts on port ${ports.join(', ')}` }
}

async function undo(of: ProcessIdentity, context: Context): Promise<UndoOutcome> {
  if (!isAlive(of)) return { state: 'not-needed', verified: true, detail: `process ${of.pid} is gone, and its pause with it` }
  if (!isStopped(of)) return { state: 'not-injected', verified: true, detail: `process ${of.pid} is not stopped` }
  signalTo(of, 'SIGCONT')
  const limit = AbortSignal.any([context.signal, AbortSignal.timeout(READ_BACK * 1000)])
  const at = await firstSeen(() => !isStopped(of), { ...context, signal: limit }, seconds(0.005))
  return at === undefined
    ? { state: 'failed', verified: false, detail: `process ${of.pid} was told to go on and is still stopped` }
    : { state: 'undone', verified: true, detail: `process ${of.pid} goes on` }
}

/** Stops a process without ending it: its ports still take connections, and nobody answers. */
export const processPause = defineFault<Spec, ProcessIdentity>({
  name: 'process/pause',
  kind: 'state',
  summary: 'Stops a process in its tracks: it hangs, which is noticed later than a crash',
  platform: 'process',
  parameters,
  takes: { percent: false },
  undoFrom: 'here',
  effectIsState: true,
  effectHow: 'The system calls the process stopped (state T), and connections to its port are not accepted',
  undoHow: 'SIGCONT, if it is still the same process and still stopped',
  permissions: ['may send signals to the process: same user, or root'],
  undoVersion: 1,
  async plan({ target }) {
    const of = processOf(target)
    if (isStopped(of))
      throw refused(`Process ${of.pid} is stopped already: undo could not tell whose pause it lifts`, 'PROCESS_STOPPED', [
        `kill -CONT ${of.pid}`,
      ])
    const { pid, start } = of
    return {
      call: `kill -s STOP ${pid}`,
      undo: { pid, start },
      command: `kill -s CONT ${pid}`,
      prior: { pid, start, alive: isAlive(of), permitted: maySignal(pid) },
    }
  },
  async inject({ target }, _mutation, { signal }) {
    signal.throwIfAborted()
    const of = processOf(target)
    assertTouchable(of)
    signalTo(of, 'SIGSTOP')
  },
  effect: ({ target }, _mutation, context) => effect(processOf(target), context),
  undo,
})
