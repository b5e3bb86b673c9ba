import { refused } from '../../domain/error.ts'
import { isProtected, rowOf } from './table.ts'
import { assertAlive, type ProcessData } from './target.ts'

/** Whether this user may send it signals. */
export function maySignal(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

/** Throws a DrillError unless exactly this process lives, is not one that must never be touched, and takes our signals. */
export function assertTouchable(of: ProcessData): void {
  assertAlive(of)
  const row = rowOf(of.pid)
  if (row !== undefined && isProtected(row))
    throw refused(`Process ${of.pid} is firedrill's own, above it, or the system's: it is never touched`, 'PROCESS_PROTECTED')
  if (!maySignal(of.pid))
    throw refused(`Process ${of.pid} belongs to somebody else: signals to it are not permitted`, 'PROCESS_PERMISSION', [
      'run firedrill as the user of the process',
    ])
}
