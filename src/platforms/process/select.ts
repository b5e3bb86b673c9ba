import { readFileSync } from 'node:fs'
import { glob } from 'node:fs/promises'
import { resolve } from 'node:path'
import { refused } from '../../domain/error.ts'
import { type Listener, type ListenerMap, mapListeners } from './ports.ts'
import { ancestorsOf, descendantsOf, isProtected, type ProcessRow, processTable } from './table.ts'

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

/** A port of a process, and whether nobody else listened on it. */
export type Port = Listener & { readonly sole: boolean }

export interface Match {
  readonly row: ProcessRow
  readonly found: Found
  readonly listeners: readonly Port[]
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
  listeners: ListenerMap,
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
      return listeners.pidsOn(selector.spec).map((pid) => [pid, { by: 'port', port: selector.spec }])
    case 'command': {
      const matches = matcher(selector.spec)
      const rows = table.filter((row) => matches(row.command))
      return rows.map(({ pid }) => [pid, { by: 'command', command: selector.spec }])
    }
  }
}

/** What a selector names: a protected process is refused when it was named outright, and passed over when only a pattern caught it. */
function permitted(named: readonly (readonly [ProcessRow, Found])[]): readonly (readonly [ProcessRow, Found])[] {
  const above = ancestorsOf(process.pid)
  const forbidden = named.find(([row, { by }]) => by !== 'command' && isProtected(row, above))
  if (forbidden !== undefined)
    throw refused(`Process ${forbidden[0].pid} is firedrill's own, above it, or the system's: it is never touched`, 'PROCESS_PROTECTED')
  return named.filter(([row]) => !isProtected(row, above))
}

/** Every living process that the selector names, each once. Dead ones (a stale pid file, a zombie) and protected descendants are passed over. */
export async function findProcesses(selector: ProcessSelector, folder: string): Promise<readonly Match[]> {
  const table = processTable().filter(({ state }) => state !== 'Z' && state !== 'X')
  const listeners = mapListeners(table.map(({ pid }) => pid))
  const found = new Map(await findPids(selector, table, listeners, folder))
  const roots = permitted(table.flatMap((row) => (found.has(row.pid) ? [[row, found.get(row.pid) ?? { by: 'pid' }] as const] : [])))
  const family = selector.tree === true ? descendantsOf([...found.keys()], table).filter((row) => !isProtected(row)) : []
  const port = (pid: number) => (listener: Listener) => ({
    ...listener,
    sole: listeners.pidsOn(listener.port).every((holder) => holder === pid),
  })
  return [...roots, ...family.map((row) => [row, { by: 'pid' }] as const)].map(([row, by]) => ({
    row,
    found: by,
    listeners: listeners.of(row.pid).map(port(row.pid)),
  }))
}
