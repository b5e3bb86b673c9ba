import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { type ProcessStat, statOf } from '../../contracts/process.ts'

export interface ProcessRow extends ProcessStat {
  /** The command line, its words joined by blanks; a kernel thread has none. */
  readonly command: string
}

/** The command line of a pid; empty when it is gone or a kernel thread. */
function commandOf(pid: number): string {
  try {
    if (process.platform === 'linux') return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim()
    return execFileSync('ps', ['-ww', '-o', 'command=', '-p', String(pid)], { encoding: 'utf8' }).trim()
  } catch {
    return ''
  }
}

/** One process, now; undefined when there is none of that pid. */
export function rowOf(pid: number): ProcessRow | undefined {
  const stat = statOf(pid)
  return stat === undefined ? undefined : { ...stat, command: commandOf(pid) }
}

/** Every process that this user can see, now. */
export const processTable = (): readonly ProcessRow[] => pids().flatMap((pid) => rowOf(pid) ?? [])

function pids(): readonly number[] {
  if (process.platform === 'linux')
    return readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .map(Number)
  return execFileSync('ps', ['-ax', '-o', 'pid='], { encoding: 'utf8' }).trim().split('\n').map(Number)
}

/** The pids above this one, itself included, up to pid 1. */
export function ancestorsOf(pid: number): ReadonlySet<number> {
  const above = new Set<number>()
  for (let at: number | undefined = pid; at !== undefined && at > 0 && !above.has(at); at = statOf(at)?.parent) above.add(at)
  return above
}

/** Everything that descends from these pids, themselves not included. */
export function descendantsOf(roots: readonly number[], table: readonly ProcessRow[]): readonly ProcessRow[] {
  const family = new Set(roots)
  for (let before = -1; before !== family.size; ) {
    before = family.size
    for (const row of table) if (family.has(row.parent)) family.add(row.pid)
  }
  return table.filter((row) => family.has(row.pid) && !roots.includes(row.pid))
}

/**
 * Whether a process must never be touched: pid 1, the kernel's threads, this process and everything above it, and any watchdog of a
 * drill, which would otherwise be unable to undo.
 */
export function isProtected(row: ProcessRow, above: ReadonlySet<number> = ancestorsOf(process.pid)): boolean {
  return row.pid === 1 || row.command === '' || above.has(row.pid) || /(^|[/\\ ])watchdog-main\.(ts|js)( |$)/.test(row.command)
}
