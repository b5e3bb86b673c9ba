import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Seconds } from '../../domain/time.ts'

/** A pid that cannot be mistaken for a later process of the same number. */
export interface Identity {
  readonly pid: number
  readonly start: string
}

/** When the process began, in the kernel's own words; undefined when there is none (a zombie is none). */
export function startOf(pid: number): string | undefined {
  try {
    if (process.platform !== 'linux') {
      return (
        execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim() ||
        undefined
      )
    }
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return fields[0] === 'Z' || fields[0] === 'X' ? undefined : fields[19]
  } catch {
    return undefined
  }
}

export const isAlive = ({ pid, start }: Identity): boolean => startOf(pid) === start

/** SIGKILL, which ends stopped processes too; never another process that has the number by now. */
export function end(identity: Identity, signal: NodeJS.Signals = 'SIGKILL'): void {
  if (!isAlive(identity)) return
  try {
    process.kill(identity.pid, signal)
  } catch {
    // Gone in between.
  }
}

/** Whether it was gone before the time was over. */
export async function gone(identity: Identity, within: Seconds): Promise<boolean> {
  const until = performance.now() + within * 1000
  while (isAlive(identity)) {
    if (performance.now() > until) return false
    await sleep(5)
  }
  return true
}

/** Processes that work in the folder or below it: a paused database's own children outlive it, and only this finds them. */
export function workingIn(folder: string): readonly number[] {
  if (process.platform !== 'linux') return []
  return readdirSync('/proc').flatMap((entry) => {
    if (!/^\d+$/.test(entry)) return []
    try {
      const at = readlinkSync(`/proc/${entry}/cwd`).replace(/ \(deleted\)$/, '')
      return at === folder || at.startsWith(`${folder}/`) ? [Number(entry)] : []
    } catch {
      return []
    }
  })
}
