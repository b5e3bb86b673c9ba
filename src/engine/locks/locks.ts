import { randomUUID } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { isFresh, isReleased, readLease } from '../../contracts/lease.ts'
import { type DrillError, refused } from '../../domain/error.ts'
import { sha256 } from '../hash.ts'
import { makeFolder } from '../home/durable.ts'
import { locksFolder, runPaths } from '../home/layout.ts'
import { openUndos } from '../home/runs.ts'
import { type Identity, isAlive, ownIdentity } from '../lease/identity.ts'
import { createWhole } from '../lease/lease.ts'

interface Holder extends Identity {
  /** What is locked, in a person's words. */
  readonly name: string
  readonly run: string
  /** Tells two holdings by the same process apart. */
  readonly nonce: string
}

export interface Lock {
  readonly name: string
  /** Idempotent. Keeps it when the run leaves something faulted: nobody drills that until it was undone. */
  release(): void
}

/**
 * Locks every name (`system:scoring`, `process:4711@123`) for the run, all or none. A lock is held while its process lives, while its
 * run's lease is fresh (a watchdog is at work), and while anything of its run is still faulted.
 * Rejects with a DrillError (refused): LOCKED names the run that holds it, LOCKED_FAULTED the run that left something broken.
 */
export async function acquireLocks(home: string, run: string, names: readonly string[]): Promise<readonly Lock[]> {
  await makeFolder(locksFolder(home))
  const locks: Lock[] = []
  try {
    // In one order everywhere: two drills that want the same ones do not both fail.
    for (const name of [...new Set(names)].toSorted()) locks.push(await acquire(home, run, name))
    return locks
  } catch (error) {
    for (const lock of locks) lock.release()
    throw error
  }
}

/** Removes every lock of a run whose engine is dead and whose undo is done. */
export function releaseLocksOf(home: string, run: string): void {
  const folder = locksFolder(home)
  for (const file of lockFiles(folder)) {
    if (readHolder(file)?.run !== run) continue
    guarded(file, run, () => {
      if (readHolder(file)?.run === run) rmSync(file, { force: true })
    })
  }
}

async function acquire(home: string, run: string, name: string): Promise<Lock> {
  const file = join(locksFolder(home), `${sha256(name).slice(0, 24)}.lock`)
  const mine: Holder = { name, run, ...ownIdentity(), nonce: randomUUID() }
  for (;;) {
    if (createWhole(file, JSON.stringify(mine))) return lockOn(home, file, mine)
    const holder = readHolder(file)
    // A text that is no holder's is what a power cut left: files appear whole otherwise.
    if (holder !== undefined) await assertAbandoned(home, holder)
    const won = guarded(file, run, () => {
      if (!existsSync(file) || readHolder(file)?.nonce !== holder?.nonce) return false
      replaceWhole(file, JSON.stringify(mine))
      return true
    })
    if (won === true) return lockOn(home, file, mine)
    if (won === undefined) await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

const lockOn = (home: string, file: string, mine: Holder): Lock => ({
  name: mine.name,
  release: () => {
    if (readHolder(file)?.nonce === mine.nonce && !leftFaulted(home, mine.run)) rmSync(file, { force: true })
  },
})

function leftFaulted(home: string, run: string): boolean {
  try {
    return readdirSync(runPaths(home, run).undo).some((name) => name.endsWith('.json'))
  } catch {
    return false
  }
}

/**
 * Runs `work` while nobody else changes a lock that its holder left: undefined when somebody else is doing so right now. The guard is
 * itself such a lock, so that one whose holder died is taken over in the same way. `work` is synchronous: the guard is never held for long.
 */
function guarded<T>(file: string, run: string, work: () => T): T | undefined {
  const guard = `${file}.over`
  const mine: Holder = { name: guard, run, ...ownIdentity(), nonce: randomUUID() }
  const won = createWhole(guard, JSON.stringify(mine)) || takeDeadGuard(guard, mine)
  if (!won) return undefined
  try {
    return work()
  } finally {
    rmSync(guard, { force: true })
  }
}

function takeDeadGuard(guard: string, mine: Holder): boolean {
  const holder = readHolder(guard)
  if (holder === undefined || isAlive(holder)) return false
  return (
    guarded(guard, mine.run, () => {
      if (readHolder(guard)?.nonce !== holder.nonce) return false
      replaceWhole(guard, JSON.stringify(mine))
      return true
    }) ?? false
  )
}

async function assertAbandoned(home: string, holder: Holder): Promise<void> {
  const lease = readLease(runPaths(home, holder.run).lease)
  // Fresh, though its holder is dead: the watchdog is about to take it.
  const over = lease !== undefined && isReleased(lease)
  if (!over && (isAlive(holder) || (lease !== undefined && isFresh(lease)))) throw locked(holder)
  if ((await openUndos(home, holder.run)).length > 0)
    throw refused(`${holder.name} is still faulted by the run ${holder.run}`, 'LOCKED_FAULTED', [`firedrill undo --run ${holder.run}`])
  if (isAlive(holder)) throw locked(holder)
}

const locked = (holder: Holder): DrillError =>
  refused(`${holder.name} is being drilled by the run ${holder.run} (pid ${holder.pid})`, 'LOCKED', [
    'firedrill status',
    `firedrill stop ${holder.run}`,
  ])

function readHolder(file: string): Holder | undefined {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Holder
  } catch {
    return undefined
  }
}

function replaceWhole(file: string, text: string): void {
  const draft = `${file}.${randomUUID()}.tmp`
  writeFileSync(draft, text, { mode: 0o600 })
  renameSync(draft, file)
}

function lockFiles(folder: string): readonly string[] {
  try {
    return readdirSync(folder)
      .filter((name) => name.endsWith('.lock'))
      .map((name) => join(folder, name))
  } catch {
    return []
  }
}
