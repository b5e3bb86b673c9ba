import { spawn } from 'node:child_process'
import type { Context } from '../../contracts/context.ts'
import { defineFault, type EffectSeen } from '../../contracts/fault.ts'
import { isAlive, type ProcessIdentity, signalTo } from '../../contracts/process.ts'
import { choice, list, type Of, object, text, withDefault } from '../../domain/shape.ts'
import { seconds } from '../../domain/time.ts'
import type { UndoOutcome } from '../../domain/undo.ts'
import { knock } from '../../platforms/process/knock.ts'
import { assertTouchable, maySignal } from '../../platforms/process/permission.ts'
import { mapListeners } from '../../platforms/process/ports.ts'
import type { Port } from '../../platforms/process/select.ts'
import { processTable } from '../../platforms/process/table.ts'
import { assertAlive, isSame, lookalikesOf, type ProcessData, processOf } from '../../platforms/process/target.ts'
import { firstSeen } from '../../platforms/process/watch.ts'
import { quote } from '../../platforms/process/words.ts'

const parameters = object(
  {
    signal: withDefault(
      choice(['SIGKILL', 'SIGTERM', 'SIGINT', 'SIGQUIT', 'SIGABRT', 'SIGSEGV'], { doc: 'SIGKILL gives it no chance to say goodbye' }),
      'SIGKILL',
    ),
  },
  {
    restart: list(text(), {
      min: 1,
      doc: 'A command that starts it again. With it the kill is a state: undo runs the command, if nothing has taken its place by then',
    }),
  },
)
type Spec = Of<typeof parameters>

type Undo = {
  readonly process: ProcessData
  readonly restart: readonly string[]
  readonly folder: string
  /** Who looked like it before: none of them is its successor. */
  readonly others: readonly ProcessIdentity[]
}

const successor = ({ process: of, others }: Undo): ProcessIdentity | undefined =>
  lookalikesOf(of).find((candidate) => !others.some((other) => isSame(other, candidate)))

/** Refused, or answered by somebody who came later: nobody else listened on it when it was pinned. */
async function isGivenUp(port: Port): Promise<boolean> {
  const answer = await knock(port, seconds(0.25))
  if (answer !== 'accepted') return answer === 'refused'
  // The socket of the dead is closed before it is gone: whoever holds one now has come since.
  const now = mapListeners(processTable().map(({ pid }) => pid))
  return now.pidsOn(port.port).length > 0
}

/**
 * From the start of the watching (the call comes right after it) to the first look that finds the process gone: on its way out it closes its
 * sockets before it is gone, so a look that still sees it says nothing. The knock on its ports proves it where clients are; it is slower
 * than the death and does not date it.
 */
async function effect(of: ProcessData, context: Context): Promise<EffectSeen> {
  const listeners = of.listeners.filter(({ sole }) => sole)
  const began = context.clock.now()
  const gone = await firstSeen(() => !isAlive(of), context)
  if (gone === undefined) return { proven: false, level: 'data', at: null, how: `process ${of.pid} lived on` }
  const at = { lo: began, hi: gone.hi }
  if (listeners.length === 0) return { proven: true, level: 'data', at, how: `process ${of.pid} is gone` }
  const ports = listeners.map(({ port }) => port).join(', ')
  const refused = await firstSeen(async () => (await Promise.all(listeners.map(isGivenUp))).every(Boolean), context)
  if (refused === undefined) return { proven: false, level: 'data', at: null, how: `process ${of.pid} is gone, but port ${ports} answers` }
  const how = `process ${of.pid} is gone, and port ${ports} no longer answers in its name`
  return { proven: true, level: 'data', at, how }
}

/** Starts the command on its own, so that it outlives whoever undoes. Resolves with its exit code, or null while it runs. */
function launch(argv: readonly string[], folder: string): Promise<{ readonly failed: string | null }> {
  const [command = '', ...args] = argv
  return new Promise((resolve) => {
    const child = spawn(command, args, { cwd: folder, detached: true, stdio: 'ignore' })
    child.once('error', (error) => resolve({ failed: error.message }))
    child.once('exit', (code, signal) => resolve({ failed: code === 0 ? null : `it ended with ${signal ?? `exit code ${code}`}` }))
    child.once('spawn', () => {
      child.unref()
      setTimeout(resolve, 250, { failed: null })
    })
  })
}

async function undo(record: Undo, context: Context): Promise<UndoOutcome> {
  const { pid } = record.process
  if (isAlive(record.process)) return { state: 'not-injected', verified: true, detail: `process ${pid} was never killed` }
  const there = successor(record)
  if (there !== undefined)
    return {
      state: 'not-needed',
      verified: true,
      detail: `somebody had restarted it already: pid ${there.pid} has taken the place of ${pid}`,
    }
  const { failed } = await launch(record.restart, record.folder)
  if (failed !== null) return { state: 'failed', verified: false, detail: `the restart command failed: ${failed}` }
  const back = await firstSeen(() => successor(record) !== undefined, context, seconds(0.02))
  if (back === undefined) return { state: 'failed', verified: false, detail: 'the restart command ran, but nothing took its place' }
  return { state: 'undone', verified: true, detail: `restarted: pid ${successor(record)?.pid ?? '?'} has taken the place of ${pid}` }
}

/** Kills a process. firedrill does not restart it unless it is told how. */
export const processKill = defineFault<Spec, Undo>({
  name: 'process/kill',
  kind: 'event',
  kindOf: ({ restart }) => (restart === undefined ? 'event' : 'state'),
  summary: 'Kills a process; whoever watches over it may bring it back',
  platform: 'process',
  parameters,
  takes: { percent: false },
  undoFrom: 'here',
  effectIsState: false,
  effectHow: 'The process is gone, and a connect to the port that it listened on is refused',
  undoHow: 'None, unless `restart` says how: then that command runs if nothing has taken its place',
  permissions: ['may send signals to the process: same user, or root'],
  undoVersion: 1,
  async plan({ spec, target }, { folder }) {
    const of = processOf(target)
    assertAlive(of)
    const restart = spec.restart
    return {
      call: `kill -s ${spec.signal.slice(3)} ${of.pid}`,
      undo: restart === undefined ? null : { process: of, restart, folder, others: lookalikesOf(of) },
      command: restart === undefined ? '' : quote(restart),
      prior: { pid: of.pid, start: of.start, permitted: maySignal(of.pid) },
    }
  },
  async inject({ spec, target }, _mutation, { signal }) {
    signal.throwIfAborted()
    const of = processOf(target)
    assertTouchable(of)
    signalTo(of, spec.signal)
  },
  effect: ({ target }, _mutation, context) => effect(processOf(target), context),
  undo,
})
