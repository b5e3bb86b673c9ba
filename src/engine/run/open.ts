import { join } from 'node:path'
import { systemClock } from '../../contracts/clock.ts'
import { describe } from '../../domain/error.ts'
import type { Plan } from '../../domain/plan.ts'
import { makeFolder, writeDurably } from '../home/durable.ts'
import { journalIn, runPaths } from '../home/layout.ts'
import { createRun, updateRun } from '../home/runs.ts'
import { type Journal, openJournal } from '../journal/journal.ts'
import { bootId, ownIdentity } from '../lease/identity.ts'
import { type HeldLease, openLease } from '../lease/lease.ts'
import { acquireLocks } from '../locks/locks.ts'
import { type AbortLatch, createAbortLatch } from './abort/latch.ts'
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
  try {
    await createRun(deps.home, runInfo(plan, deps))
    const locks = await acquireLocks(deps.home, deps.run, lockNames(plan))
    held.defer(() => {
      for (const lock of locks) lock.release()
    })
    await makeFolder(deps.out)
    const clock = systemClock(deps.monotonic)
    const journal = await openJournal(journalIn(deps.out), { clock, ...(deps.hooks.onEntry && { onEntry: deps.hooks.onEntry }) })
    held.defer(() => journal.close())
    await writeDurably(join(deps.out, 'plan.json'), `${JSON.stringify(plan, null, 2)}\n`)
    await writeDurably(join(deps.out, 'experiment.yaml'), deps.source.text)
    const abort = createAbortLatch(({ cause, detail }) => journal.append({ kind: 'abort', cause, detail }))
    const lease = openLease({
      run: deps.run,
      file: runPaths(deps.home, deps.run).lease,
      by: 'engine',
      onLost: (why) =>
        abort.trip(
          'lease-lost',
          why === 'taken' ? 'somebody else took the drill over' : 'this process stood still for longer than its lease',
        ),
    })
    held.defer(() => lease.release())
    const watchdog = await deps.startWatchdog((why) => abort.trip('error', `the watchdog is gone: ${why}`))
    held.defer(() => watchdog.end())
    const offset = clock.wall() - clock.now()
    await journal.commit(openedEvent(plan, deps, offset))
    return { journal, abort, lease, watchdog, offset, release: () => held.disposeAsync() }
  } catch (error) {
    await held.disposeAsync().catch(() => {})
    await updateRun(deps.home, deps.run, { state: 'ended', end: describe(error) }).catch(() => {})
    throw error
  }
}

const runInfo = (plan: Plan, deps: EngineDeps) => ({
  ...ownIdentity(),
  run: deps.run,
  title: plan.experiment.title,
  system: systemName(plan),
  out: deps.out,
  file: deps.source.file,
  began: new Date().toISOString(),
  state: 'running' as const,
  ...(plan.experiment.undoStore !== undefined && { undoStore: plan.experiment.undoStore }),
  ...(deps.sandbox && { sandbox: deps.sandbox }),
})

/** A sandbox of a drill's own is a system of its own: two of them may run side by side. */
export const systemName = ({ experiment }: Plan): string =>
  'name' in experiment.system ? experiment.system.name : `sandbox ${experiment.system.sandbox}`

function lockNames(plan: Plan): readonly string[] {
  const targets = plan.faults.flatMap(({ targets }) => targets.flatMap(({ target }) => (target ? [target.id] : [])))
  return 'name' in plan.experiment.system ? [`system:${plan.experiment.system.name}`, ...targets] : targets
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
