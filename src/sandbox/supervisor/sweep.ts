import { globSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { type ProcessIdentity } from '../../contracts/process.ts'
import { removeSharedMemory } from '../database/shared-memory.ts'
import { end, workingIn } from '../kit/processes.ts'
import { REGIONS } from '../layout.ts'

/** `pid` and `start`, a line each. The first line alone is what firedrill's selectors read. */
export const pidText = ({ pid, start }: ProcessIdentity): string => `${pid}\n${start}\n`

/** Undefined when there is none. */
export function readPidFile(file: string): ProcessIdentity | undefined {
  try {
    const [pid = '', start = ''] = readFileSync(file, 'utf8').split('\n')
    return { pid: Number(pid), start }
  } catch {
    return undefined
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
    killAll(left)
    await sleep(10)
  }
  for (const region of REGIONS) removeSharedMemory(join(dir, 'data', region))
  rmSync(dir, { recursive: true, force: true, maxRetries: 5, retryDelay: 20 })
}

/** SIGKILL to each that is still there. */
export function killAll(pids: readonly number[]): void {
  for (const pid of pids) {
    try {
      process.kill(pid, 'SIGKILL')
    } catch {
      // Gone in between.
    }
  }
}
