import { readFileSync } from 'node:fs'
import { glob } from 'node:fs/promises'
import { resolve } from 'node:path'
import { refused } from '../../domain/error.ts'
import { pidsListeningOn } from './ports.ts'
import { descendantsOf, isProtected, type ProcessRow, processTable } from './table.ts'

/** How a process is found, as it is kept in a target: enough to find its successor. */
export type Found =
  | { readonly by: 'pid' }
  | { readonly by: 'pidFile'; readonly file: string }
  | { readonly by: 'port'; readonly port: number }
  | { readonly by: 'command'; readonly command: string }

export type ProcessSelector = (
  | { readonly kind: 'pid'; readonly spec: number }
  | { readonly kind: 'pidFile'; readonly spec: string | readonly string[] }
  | { readonly kind: 'port'; readonly spec: number }
  | { readonly kind: 'command'; readonly spec: string }
) & { readonly tree?: boolean }

export interface Match {
  readonly row: ProcessRow
  readonly found: Found
}

/** `/…/` is a regular expression, anything else a part of the command line. */
function matcher(command: string): (line: string) => boolean {
  const pattern = /^\/(.+)\/(i?)$/s.exec(command)
  if (pattern === null) return (line) => line.includes(command)
  try {
    const regex = new RegExp(pattern[1] ?? '', `s${pattern[2] ?? ''}`)
    return (line) => regex.test(line)
  } catch (error) {
    throw refused(`The command pattern ${command} is not a regular expression`, 'PROCESS_PATTERN', [], error)
  }
}

/** The integer on the first line, as in PostgreSQL's postmaster.pid; undefined when there is none. */
export function readPidFile(file: string): number | undefined {
  try {
    const first = readFileSync(file, 'utf8').split('\n')[0]?.trim() ?? ''
    return /^\d+$/.test(first) ? Number(first) : undefined
  } catch {
    return undefined
  }
}

async function pidFiles(patterns: readonly string[], folder: string): Promise<readonly string[]> {
  const files = new Set<string>()
  for (const pattern of patterns) for await (const file of glob(pattern, { cwd: folder })) files.add(resolve(folder, file))
  return [...files].toSorted()
}

async function findPids(
  selector: ProcessSelector,
  table: readonly ProcessRow[],
  folder: string,
): Promise<readonly (readonly [number, Found])[]> {
  switch (selector.kind) {
    case 'pid':
      return [[selector.spec, { by: 'pid' }]]
    case 'pidFile': {
      const patterns = typeof selector.spec === 'string' ? [selector.spec] : selector.spec
      const files = await pidFiles(patterns, folder)
      return files.flatMap((file) => {
        const pid = readPidFile(file)
        return pid === undefined ? [] : [[pid, { by: 'pidFile', file }] as const]
      })
    }
    case 'port':
      return pidsListeningOn(
        selector.spec,
        table.map(({ pid }) => pid),
      ).map((pid) => [pid, { by: 'port', port: selector.spec }])
    case 'command': {
      const matches = matcher(selector.spec)
      const rows = table.filter((row) => matches(row.command))
      return rows.map(({ pid }) => [pid, { by: 'command', command: selector.spec }])
    }
  }
}

/**
 * Every living process that the selector names. A protected one is refused when it was named outright, and passed over when only a
 * pattern or a family caught it. Dead ones (a stale pid file, a zombie) are passed over.
 */
export async function findProcesses(selector: ProcessSelector, folder: string): Promise<readonly Match[]> {
  const table = processTable().filter(({ state }) => state !== 'Z' && state !== 'X')
  const pids = await findPids(selector, table, folder)
  const named = pids.flatMap(([pid, found]) => table.filter((row) => row.pid === pid).map((row): Match => ({ row, found })))
  const forbidden = named.find(({ row }) => isProtected(row))
  if (forbidden !== undefined && selector.kind !== 'command')
    throw refused(`Process ${forbidden.row.pid} is firedrill's own, above it, or the system's: it is never touched`, 'PROCESS_PROTECTED')
  const safe = named.filter(({ row }) => !isProtected(row))
  if (selector.tree !== true) return safe
  const family = descendantsOf(
    safe.map(({ row }) => row.pid),
    table,
  )
  return [...safe, ...family.filter((row) => !isProtected(row)).map((row): Match => ({ row, found: { by: 'pid' } }))]
}
