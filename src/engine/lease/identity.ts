import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { type ProcessIdentity, startOf } from '../../contracts/process.ts'

/** One process of one boot: a pid alone is reused, with its start it is not. */
export interface Identity extends ProcessIdentity {
  readonly boot: string
}

let thisBoot: string | undefined

/** Names this boot of this machine. */
export function bootId(): string {
  thisBoot ??= readBoot()
  return thisBoot
}

function readBoot(): string {
  if (process.platform === 'linux') return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
  return execFileSync('sysctl', ['-n', 'kern.bootsessionuuid'], { encoding: 'utf8' }).trim()
}

/** This process. */
export function ownIdentity(): Identity {
  const start = startOf(process.pid)
  if (start === undefined) throw new Error(`The start of this process (${process.pid}) cannot be read`)
  return { pid: process.pid, start, boot: bootId() }
}

export const isAlive = (of: Identity): boolean => of.boot === bootId() && startOf(of.pid) === of.start

/**
 * SIGKILLs exactly this process and resolves when it is gone: true; false when it is still there after `patience` seconds
 * (no permission, or stuck in the kernel).
 */
export async function endForSure(of: Identity, patience = 5): Promise<boolean> {
  const until = process.hrtime.bigint() + BigInt(Math.round(patience * 1e9))
  while (isAlive(of)) {
    try {
      process.kill(of.pid, 'SIGKILL')
    } catch {
      // Gone in between, or not ours: what counts is whether it is there.
    }
    if (!isAlive(of)) break
    if (process.hrtime.bigint() > until) return false
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
  return true
}
