import { readdirSync, readlinkSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { isAlive, type ProcessIdentity, signalTo } from '../../contracts/process.ts'
import type { Seconds } from '../../domain/time.ts'

/** SIGKILL, which ends stopped processes too; never another process that has the number by now. */
export function end(identity: ProcessIdentity, signal: NodeJS.Signals = 'SIGKILL'): void {
  try {
    signalTo(identity, signal)
  } catch {
    // Not ours to end: whoever waits for it sees that it is there.
  }
}

/** Whether it was gone before the time was over. */
export async function gone(identity: ProcessIdentity, within: Seconds): Promise<boolean> {
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
