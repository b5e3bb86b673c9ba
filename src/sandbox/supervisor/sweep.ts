import { execFileSync } from 'node:child_process'
import { globSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { end, type Identity, workingIn } from '../kit/processes.ts'
import { REGIONS } from '../layout.ts'

/** `pid` and `start`, a line each. The first line alone is what firedrill's selectors read. */
export const pidText = ({ pid, start }: Identity): string => `${pid}\n${start}\n`

export function readPidFile(file: string): Identity | undefined {
  try {
    const [pid = '', start = ''] = readFileSync(file, 'utf8').split('\n')
    return { pid: Number(pid), start }
  } catch {
    return undefined
  }
}

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

const ROUNDS = 40

/** Ends whatever is left of a sandbox and removes its folder. Idempotent; safe while another process does the same. */
export async function sweep(dir: string): Promise<void> {
  for (const file of globSync(join(dir, 'run', '*', '*.pid'))) {
    const identity = readPidFile(file)
    if (identity !== undefined) end(identity)
  }
  for (let round = 0; round < ROUNDS; round++) {
    const left = workingIn(dir).filter((pid) => pid !== process.pid)
    if (left.length === 0) break
    for (const pid of left) kill(pid)
    await sleep(10)
  }
  for (const region of REGIONS) removeSharedMemory(join(dir, 'data', region))
  rmSync(dir, { recursive: true, force: true, maxRetries: 5, retryDelay: 20 })
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // Gone in between.
  }
}
