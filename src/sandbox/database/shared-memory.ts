import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

/**
 * A killed PostgreSQL leaves its interlock segment behind (System V, 56 bytes); its id is the seventh line of postmaster.pid.
 * Harmless, but it stays until the machine restarts.
 */
export function removeSharedMemory(data: string): void {
  try {
    const id = readFileSync(join(data, 'postmaster.pid'), 'utf8').split('\n')[6]?.trim().split(/\s+/)[1]
    if (id !== undefined) execFileSync('ipcrm', ['-m', id], { stdio: 'ignore' })
  } catch {
    // Shut down cleanly, never started, or no ipcrm here.
  }
}
