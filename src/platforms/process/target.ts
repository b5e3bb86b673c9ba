import { createHash } from 'node:crypto'
import { isAlive, type ProcessIdentity } from '../../contracts/process.ts'
import { refused } from '../../domain/error.ts'
import type { Json } from '../../domain/json.ts'
import type { Target } from '../../domain/target.ts'
import { mapListeners } from './ports.ts'
import { type Found, type Match, type Port, readPidFile } from './select.ts'
import { type ProcessRow, processTable } from './table.ts'

/** What a process target carries. */
export type ProcessData = ProcessIdentity & {
  /** SHA-256 of the command line: enough to find its like again, and no secret that may stand in it. */
  readonly commandHash: string
  readonly listeners: readonly Port[]
  readonly found: Found
}

/** A command line as a person would name it: program and first word that tells, not a page of flags. */
const labelOf = (row: ProcessRow): string => {
  const words = row.command.split(' ').map((word) => word.slice(word.lastIndexOf('/') + 1))
  return `${words.slice(0, 2).join(' ').slice(0, 60)} (pid ${row.pid})`
}

const hashOf = ({ command }: Pick<ProcessRow, 'command'>): string => createHash('sha256').update(command).digest('hex')

export function targetOf({ row, found, listeners }: Match): Target {
  const data: ProcessData = { pid: row.pid, start: row.start, commandHash: hashOf(row), listeners, found }
  return { platform: 'process', id: `${row.pid}@${row.start}`, label: labelOf(row), data }
}

const isIdentity = (data: Json | undefined): data is ProcessData =>
  typeof data === 'object' && data !== null && 'pid' in data && typeof data['pid'] === 'number' && typeof data['start'] === 'string'

/** The data of a target that this platform made. Throws a DrillError on anything else. */
export function processOf(target: Target | null): ProcessData {
  if (target?.platform !== 'process' || !isIdentity(target.data))
    throw refused('This fault needs a target of platform process', 'TARGET_PLATFORM', ['targets: {app: {process: {port: 8080}}}'])
  return target.data
}

function holdersOf(table: readonly ProcessRow[], ports: readonly Port[]): readonly number[] {
  const map = mapListeners(table.map(({ pid }) => pid))
  return ports.flatMap(({ port }) => map.pidsOn(port))
}

/** Everybody else who does what this process did: same pid file, port or command line, another identity. */
export function lookalikesOf(of: ProcessData): readonly ProcessIdentity[] {
  const table = processTable().filter((row) => row.state !== 'Z' && row.state !== 'X' && !isSame(row, of))
  const alike = new Set(of.listeners.length === 0 ? [] : holdersOf(table, of.listeners))
  const fromFile = of.found.by === 'pidFile' ? readPidFile(of.found.file) : undefined
  return table
    .filter(({ pid, command }) => pid === fromFile || alike.has(pid) || hashOf({ command }) === of.commandHash)
    .map(({ pid, start }) => ({ pid, start }))
}

export const isSame = (a: ProcessIdentity, b: ProcessIdentity): boolean => a.pid === b.pid && a.start === b.start

/** Throws a DrillError when the process that was pinned is gone, whoever has its pid now. */
export function assertAlive(of: ProcessData): void {
  if (!isAlive(of)) throw refused(`Process ${of.pid}, started at ${of.start}, is gone`, 'PROCESS_GONE', ['firedrill plan'])
}
