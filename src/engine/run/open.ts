import { constants, existsSync } from 'node:fs'
import { access, rm, rmdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { systemClock } from '../../contracts/clock.ts'
import type { Clock } from '../../contracts/context.ts'
import { afterMachineError, DrillError, describe, refused } from '../../domain/error.ts'
import type { Plan } from '../../domain/plan.ts'
import { EXIT } from '../../domain/verdict.ts'
import { hasCode, makeFolder, writeDurably } from '../home/durable.ts'
import { journalIn, runPaths } from '../home/layout.ts'
import { createRun, updateRun } from '../home/runs.ts'
import { type Journal, openJournal } from '../journal/journal.ts'
import { bootId, ownIdentity } from '../lease/identity.ts'
import { type HeldLease, openLease } from '../lease/lease.ts'
import { acquireLocks } from '../locks/locks.ts'
import { lockPlatforms, platformsOf } from '../locks/platform-locks.ts'
import { type AbortLatch, createAbortLatch } from './abort/latch.ts'
import { contextFactory } from './context.ts'
import type { EngineDeps, Guard } from './deps.ts'

/** A drill that is locked, leased, watched over and journaled. */
export interface Opened {
  readonly journal: Journal
  readonly abort: AbortLatch
  readonly lease: HeldLease
  readonly watchdog: Guard
  /** Wall minus monotonic at the opening, seconds. */
  readonly offset: number
  /** Releases what is held, last taken first. */
  release(): Promise<void>
}

/** Takes the locks, makes the folder and the journal, takes the lease, starts the watchdog. Rejects with a DrillError (refused), nothing held. */
export async function openDrill(plan: Plan, deps: EngineDeps): Promise<Opened> {
  const held = new AsyncDisposableStack()
  let begun = false
  try {
    await inHome(deps, () => createRun(deps.home, runInfo(plan, deps)))
    const locks = await inHome(deps, () => acquireLocks(deps.home, deps.run, lockNames(plan)))
    held.defer(() => {
      for (const lock of locks) lock.release()
    })
    const clock = systemClock(deps.monotonic)
    const journal = await inFolder(deps, () => openFolder(plan, deps, clock))
    held.defer(async () => {
      await journal.close().catch(() => {})
      if (!begun) await discard(deps)
    })
    const abort = createAbortLatch(({ cause, detail }) => journal.append({ kind: 'abort', cause, detail }))
    const lease = await inHome(deps, async () =>
      openLease({
        run: deps.run,
        file: runPaths(deps.home, deps.run).lease,
        by: 'engine',
        onLost: (why) =>
          abort.trip(
            'lease-lost',
            why === 'taken' ? 'somebody else took the drill over' : 'this process stood still for longer than its lease',
          ),
      }),
    )
    held.defer(() => lease.release())
    for (const platform of platformsOf(plan, deps.registry)) await platform.load?.()
    const onPlatforms = await lockPlatforms(
      plan,
      systemName(plan),
      deps.registry,
      contextFactory(deps, { journal, lease })(deps.interrupt),
      {
        lost: (why) => abort.trip('lease-lost', why),
        stop: (why) => abort.trip('stop', why),
      },
    )
    held.use(onPlatforms)
    if (onPlatforms.held.length > 0) await inHome(deps, () => updateRun(deps.home, deps.run, { locks: onPlatforms.held }))
    const watchdog = await deps.startWatchdog((why) => abort.trip('error', `the watchdog is gone: ${why}`))
    held.defer(() => watchdog.end())
    const offset = clock.wall() - clock.now()
    await journal.commit(openedEvent(plan, deps, offset))
    begun = true
    return { journal, abort, lease, watchdog, offset, release: () => held.disposeAsync() }
  } catch (error) {
    await held.disposeAsync().catch(() => {})
    await forget(deps, error)
    throw nothingBegun(error)
  }
}

/** A journal that takes no first entry, a watchdog that does not come up: before anything was begun, all that is a refusal. */
const nothingBegun = (error: unknown): unknown =>
  error instanceof DrillError && error.exit === EXIT.aborted ? refused(error.message, error.code, error.next, error.cause) : error

/** The drill's folder with its journal, the plan and the experiment. Leaves nothing of them when one cannot be written. */
async function openFolder(plan: Plan, deps: EngineDeps, clock: Clock): Promise<Journal> {
  await makeFolder(deps.out)
  const file = journalIn(deps.out)
  const journal = await openJournal(file, { clock, ...(deps.hooks.onEntry && { onEntry: deps.hooks.onEntry }) })
  try {
    await writeDurably(join(deps.out, 'plan.json'), `${JSON.stringify(plan, null, 2)}\n`)
    await writeDurably(join(deps.out, 'experiment.yaml'), deps.source.text)
    return journal
  } catch (error) {
    await journal.close().catch(() => {})
    await discard(deps)
    throw error
  }
}

/** What a drill that never began has written into its folder, and the folder if there is nothing else in it. */
async function discard({ out }: EngineDeps): Promise<void> {
  for (const file of [journalIn(out), join(out, 'plan.json'), join(out, 'experiment.yaml')]) await rm(file, { force: true }).catch(() => {})
  await rmdir(out).catch(() => {})
}

/** A run that was never opened stays in the index as ended; where even that cannot be written, it goes from there. */
async function forget({ home, run }: EngineDeps, why: unknown): Promise<void> {
  await updateRun(home, run, { state: 'ended', end: describe(why) }).catch(() =>
    rm(runPaths(home, run).folder, { recursive: true, force: true }).catch(() => {}),
  )
}

const inHome = <T>({ home }: EngineDeps, work: () => Promise<T>): Promise<T> =>
  orRefused(work, `The state folder ${home} cannot be written`, 'HOME_UNWRITABLE', home, ['firedrill doctor', 'export FIREDRILL_HOME=DIR'])

const inFolder = <T>({ out, source }: EngineDeps, work: () => Promise<T>): Promise<T> =>
  orRefused(work, `The drill's folder ${out} cannot be written`, 'OUT_UNWRITABLE', dirname(out), [`firedrill run ${source.file} --out DIR`])

/** What the disk refuses before the drill is open is no bug: nothing was begun. */
async function orRefused<T>(work: () => Promise<T>, what: string, code: string, folder: string, next: readonly string[]): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof DrillError) throw error
    const there = nearestThere(folder)
    const why = await truly(error, there)
    throw refused(`${what}: ${describe(why)}`, code, [...afterMachineError(why, there), ...next], error)
  }
}

/** The folder, or the one above it that exists: there it can be seen who may write. */
const nearestThere = (folder: string): string => (existsSync(folder) || dirname(folder) === folder ? folder : nearestThere(dirname(folder)))

/** To make a folder and those above it says ENOENT even where the disk is read-only; the folder that is there says why. */
const truly = (error: unknown, there: string): Promise<unknown> =>
  hasCode(error, 'ENOENT')
    ? access(there, constants.W_OK).then(
        () => error,
        (reason: unknown) => reason,
      )
    : Promise.resolve(error)

const runInfo = (plan: Plan, deps: EngineDeps) => ({
  ...ownIdentity(),
  run: deps.run,
  title: plan.experiment.title,
  system: systemName(plan),
  out: deps.out,
  file: deps.source.file,
  began: new Date().toISOString(),
  state: 'running' as const,
  platforms: platformsOf(plan, deps.registry).map(({ name }) => name),
  ...(plan.experiment.undoStore !== undefined && { undoStore: plan.experiment.undoStore }),
  ...(deps.sandbox && { sandbox: deps.sandbox }),
})

/** A sandbox of a drill's own is a system of its own: two of them may run side by side. */
export const systemName = ({ experiment }: Plan): string =>
  'name' in experiment.system ? experiment.system.name : `sandbox ${experiment.system.sandbox}`

function lockNames(plan: Plan): readonly string[] {
  const ids = plan.faults.flatMap(({ targets }) => targets.flatMap(({ target }) => (target ? [target.id] : [])))
  return 'name' in plan.experiment.system ? [`system:${plan.experiment.system.name}`, ...ids] : ids
}

const openedEvent = (plan: Plan, deps: EngineDeps, origin: number) =>
  ({
    kind: 'drill.opened',
    run: deps.run,
    version: plan.version,
    title: plan.experiment.title,
    experiment: plan.source,
    plan: { hash: plan.hash },
    origin: new Date(origin * 1000).toISOString(),
    monotonic: deps.monotonic.toString(),
    boot: bootId(),
    environment: deps.environment,
    seed: plan.experiment.seed,
  }) as const
