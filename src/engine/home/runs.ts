import { readdir } from 'node:fs/promises'
import { isFresh, isReleased, type Lease, readLease } from '../../contracts/lease.ts'
import type { LoadLeaves } from '../../contracts/load.ts'
import type { HeldOnPlatform } from '../../contracts/platform.ts'
import { usage } from '../../domain/error.ts'
import type { JsonObject } from '../../domain/json.ts'
import type { UndoRecord } from '../../domain/undo.ts'
import { type Identity, isAlive } from '../lease/identity.ts'
import { localStore } from '../undo/file-store.ts'
import { makeFolder, readIfThere, writeDurably } from './durable.ts'
import { runPaths, runsFolder } from './layout.ts'

/** What a run is, for whoever finds it: `run.json` of its folder. No secrets. */
export interface RunInfo extends Identity {
  readonly run: string
  readonly title: string
  /** The name that is locked. */
  readonly system: string
  /** The drill's folder, absolute. */
  readonly out: string
  /** The experiment, absolute; relative paths in it are relative to its folder. */
  readonly file: string
  /** ISO 8601. */
  readonly began: string
  readonly state: 'running' | 'ended'
  /** How it ended, one sentence. */
  readonly end?: string
  /** The experiment's own undo store, as written there. */
  readonly undoStore?: string
  /** A system that firedrill brought up for this run: whoever cleans up takes it down. */
  readonly sandbox?: { readonly system: string; readonly handle: JsonObject }
  /** Platforms that its faults act on: whoever undoes loads them first. */
  readonly platforms?: readonly string[]
  /** What it holds on platforms, for whoever lets it go. */
  readonly locks?: readonly HeldOnPlatform[]
  /** What its load makes outside of this machine: whoever cleans up puts it away. `left`: that did not succeed. */
  readonly load?: LoadLeaves & { readonly kind: string; readonly left?: boolean }
  /** Processes that serve this run alone (k6): ended with it. */
  readonly helpers?: readonly Identity[]
}

/** What is known of a run right now. */
export interface RunStatus {
  readonly info: RunInfo
  /**
   * running: its engine lives and renews. hung: it lives and does not. undoing: a successor is at work. dead: nobody is, and it never ended.
   * ended: in order, or cleaned up.
   */
  readonly state: 'running' | 'hung' | 'undoing' | 'dead' | 'ended'
  readonly lease: Lease | undefined
  /** What of it is still, or may still be, faulted; oldest first. */
  readonly open: readonly UndoRecord[]
}

/** Makes the run's folder and its `run.json`, durably. */
export async function createRun(home: string, info: RunInfo): Promise<void> {
  await makeFolder(runPaths(home, info.run).undo)
  await writeRun(home, info)
}

export const writeRun = (home: string, info: RunInfo): Promise<void> =>
  writeDurably(runPaths(home, info.run).info, `${JSON.stringify(info, null, 2)}\n`)

/** Changes some of `run.json`. One process at a time does: the lease's holder. */
export async function updateRun(home: string, run: string, change: Partial<RunInfo>): Promise<RunInfo> {
  const info = { ...(await readRun(home, run)), ...change }
  await writeRun(home, info)
  return info
}

/** Rejects with a DrillError (usage, RUN_UNKNOWN) when this home knows no such run. */
export async function readRun(home: string, run: string): Promise<RunInfo> {
  const text = isRunName(run) ? await readIfThere(runPaths(home, run).info) : undefined
  if (text === undefined) throw usage(`There is no run ${run} in ${home}`, 'RUN_UNKNOWN', ['firedrill status'])
  return JSON.parse(text) as RunInfo
}

/** A run's name becomes a folder's: no path gets through. */
const isRunName = (run: string): boolean => /^[A-Za-z0-9][\w.-]*$/.test(run)

/** Every run of this home, oldest first; one whose `run.json` cannot be read is left out. */
export async function listRuns(home: string): Promise<readonly RunInfo[]> {
  const names = await readdir(runsFolder(home)).catch(() => [])
  const found = await Promise.all(names.map((run) => readRun(home, run).catch(() => undefined)))
  return found.filter((info) => info !== undefined).toSorted((a, b) => a.began.localeCompare(b.began))
}

/** How a run stands, from its files alone: who holds it, and what of it is still faulted. */
export async function statusOf(home: string, run: string): Promise<RunStatus> {
  const info = await readRun(home, run)
  const lease = readLease(runPaths(home, run).lease)
  return { info, lease, state: stateOf(info, lease), open: await openUndos(home, run) }
}

function stateOf(info: RunInfo, lease: Lease | undefined): RunStatus['state'] {
  const held = lease !== undefined && !isReleased(lease) && isAlive(lease)
  if (held && isFresh(lease)) return lease.by === 'engine' ? 'running' : 'undoing'
  if (info.state === 'ended') return 'ended'
  if (held) return 'hung'
  // Before its first lease, or after it let go and while it writes its reports.
  return isAlive(info) ? 'running' : 'dead'
}

/** What of the run is still, or may still be, faulted; oldest first. */
export const openUndos = (home: string, run: string): Promise<readonly UndoRecord[]> => localStore(home).list(run)

/** Asks the run's engine to abort and undo: a file, which also another session or a changed pid namespace can leave. */
export async function requestStop(home: string, run: string, why: string): Promise<void> {
  await readRun(home, run)
  await writeDurably(runPaths(home, run).stop, `${JSON.stringify({ why, at: new Date().toISOString() })}\n`)
}

/** Calls `onStop` once when somebody asks this run to stop, within a quarter of a second; returns what ends the watching. */
export function watchStop(home: string, run: string, onStop: (why: string) => void): () => void {
  const { stop } = runPaths(home, run)
  let over = false
  const look = async (): Promise<void> => {
    const text = await readIfThere(stop).catch(() => undefined)
    if (over || text === undefined) return
    end()
    onStop(whyOf(text))
  }
  const timer = setInterval(() => void look(), 250)
  timer.unref()
  const end = (): void => {
    over = true
    clearInterval(timer)
  }
  return end
}

function whyOf(text: string): string {
  try {
    const of = JSON.parse(text) as { why?: unknown }
    return typeof of.why === 'string' ? of.why : 'stopped'
  } catch {
    return 'stopped'
  }
}
