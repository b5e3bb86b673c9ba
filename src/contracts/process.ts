import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'

/** A process that cannot be confused with a later one of the same pid. */
export type ProcessIdentity = {
  readonly pid: number
  /** When it started, as the system tells it: clock ticks since boot on Linux, `ps -o lstart` elsewhere. */
  readonly start: string
}

/** The letter of `ps`: R, S, D, T (stopped by a signal), t (stopped by a debugger), Z (dead, not yet reaped), X. */
export type StateLetter = string

export interface ProcessStat extends ProcessIdentity {
  readonly parent: number
  readonly state: StateLetter
}

/** What `/proc/PID/stat` says (proc(5)): fields 3, 4 and 22, counted after the last `)`, for a name may hold anything. */
function statOnLinux(pid: number): ProcessStat | undefined {
  let text: string
  try {
    text = readFileSync(`/proc/${pid}/stat`, 'latin1')
  } catch {
    return undefined
  }
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
  const [state, parent] = fields
  const start = fields[19]
  return state === undefined || start === undefined ? undefined : { pid, state, parent: Number(parent), start }
}

function statByPs(pid: number): ProcessStat | undefined {
  try {
    const text = execFileSync('ps', ['-o', 'ppid=,state=,lstart=', '-p', String(pid)], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim()
    const [parent, state, ...start] = text.split(/\s+/)
    return state === undefined ? undefined : { pid, state: state.charAt(0), parent: Number(parent), start: start.join(' ') }
  } catch {
    return undefined
  }
}

/** What the system says of a pid now; undefined when there is none. One small synchronous read on Linux, a `ps` elsewhere. */
export const statOf = (pid: number): ProcessStat | undefined => (process.platform === 'linux' ? statOnLinux(pid) : statByPs(pid))

const isDead = ({ state }: ProcessStat): boolean => state === 'Z' || state === 'X'

/** Who has this pid now; undefined when nobody does, or only the remains of somebody dead. */
export function identityOf(pid: number): ProcessIdentity | undefined {
  const stat = statOf(pid)
  return stat === undefined || isDead(stat) ? undefined : { pid, start: stat.start }
}

/** When the process that has this pid now started; undefined as in `identityOf`. */
export const startOf = (pid: number): string | undefined => identityOf(pid)?.start

/** The state letter of exactly this process; undefined when it is gone. A zombie is gone: it holds no port and answers nobody. */
export function stateOf({ pid, start }: ProcessIdentity): StateLetter | undefined {
  const stat = statOf(pid)
  return stat === undefined || stat.start !== start || isDead(stat) ? undefined : stat.state
}

export const isAlive = (identity: ProcessIdentity): boolean => stateOf(identity) !== undefined

/** Stopped by a signal. A debugger's stop (`t`) is not ours. */
export const isStopped = (identity: ProcessIdentity): boolean => stateOf(identity) === 'T'

/**
 * Sends a signal to exactly this process; false when it is gone. The look and the call are one synchronous step, so that a pid that is
 * reused in between would have to be given out within microseconds. Throws what the system says (EPERM).
 */
export function signalTo(identity: ProcessIdentity, signal: NodeJS.Signals): boolean {
  if (!isAlive(identity)) return false
  try {
    return process.kill(identity.pid, signal)
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ESRCH') return false
    throw error
  }
}
