import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import type { DrillEvent, JournalEntry } from '../../src/domain/event.ts'
import type { DrillRecord } from '../../src/domain/record.ts'

export const root = resolve(import.meta.dirname, '../..')
const bin = join(root, 'bin', 'run.js')

/** A home, a folder for reports and one for files, all gone when it is disposed. */
export interface Place extends Disposable {
  readonly folder: string
  readonly home: string
  readonly out: string
  readonly env: Readonly<Record<string, string | undefined>>
}

export function place(): Place {
  const folder = mkdtempSync(join(tmpdir(), 'firedrill-test-'))
  const home = join(folder, 'home')
  return {
    folder,
    home,
    out: join(folder, 'out'),
    env: { ...process.env, FIREDRILL_HOME: home, NO_COLOR: '1', CI: undefined },
    [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 }),
  }
}

export interface Ended {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
}

export interface Running {
  readonly child: ChildProcess
  readonly pid: number
  readonly ended: Promise<Ended>
}

/** The real program as a child of its own process group. */
export function start(args: readonly string[], env: Place['env'], cwd = root): Running {
  const child = spawn(process.execPath, [bin, ...args], { cwd, env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] })
  let stdout = ''
  let stderr = ''
  child.stdout.on('data', (chunk: Buffer) => {
    stdout += chunk.toString()
  })
  child.stderr.on('data', (chunk: Buffer) => {
    stderr += chunk.toString()
  })
  const ended = new Promise<Ended>((done) => child.on('close', (code, signal) => done({ code, signal, stdout, stderr })))
  if (child.pid === undefined) throw new Error('the program could not be started')
  return { child, pid: child.pid, ended }
}

export const run = (args: readonly string[], env: Place['env'], cwd = root): Promise<Ended> => start(args, env, cwd).ended

/** Whole lines only: a torn tail is no entry. */
export function journalOf(out: string): readonly JournalEntry[] {
  let text: string
  try {
    text = readFileSync(join(out, 'journal.ndjson'), 'utf8')
  } catch {
    return []
  }
  return text
    .slice(0, text.lastIndexOf('\n') + 1)
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as JournalEntry)
}

export const eventsOf = <K extends DrillEvent['kind']>(out: string, kind: K): readonly Extract<DrillEvent, { kind: K }>[] =>
  journalOf(out)
    .map(({ event }) => event)
    .filter((event): event is Extract<DrillEvent, { kind: K }> => event.kind === kind)

export const recordOf = (out: string): DrillRecord => JSON.parse(readFileSync(join(out, 'report.json'), 'utf8')) as DrillRecord

/** Polls until `look` answers something; rejects after `limit` seconds with `what`. */
export async function until<T>(what: string, look: () => T | undefined | null | false, limit = 20): Promise<T> {
  const deadline = performance.now() + limit * 1000
  for (;;) {
    const seen = look()
    if (seen !== undefined && seen !== null && seen !== false) return seen
    if (performance.now() > deadline) throw new Error(`not within ${limit} s: ${what}`)
    await new Promise((done) => setTimeout(done, 2))
  }
}
