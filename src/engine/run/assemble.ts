import { systemClock } from '../../contracts/clock.ts'
import type { Keeper, LedgerTally } from '../../contracts/keeper.ts'
import type { Observer, ObserverEvents } from '../../contracts/observer.ts'
import type { Plan } from '../../domain/plan.ts'
import { updateRun } from '../home/runs.ts'
import type { Journal } from '../journal/journal.ts'
import { sayEnd, startLoad } from '../observer/load.ts'
import { type UndoDesk, undoDesk } from '../undo/desk.ts'
import { localStore } from '../undo/file-store.ts'
import { openUndoStore } from '../undo/stores.ts'
import type { AbortLatch } from './abort/latch.ts'
import type { ContextFactory } from './context.ts'
import type { EngineDeps } from './deps.ts'
import type { Drill } from './drill.ts'
import type { Feed } from './feed.ts'
import type { Opened } from './open.ts'
import { createJudgement, type Judgement } from './steps/observe.ts'

/** The undo of this drill: records go to this machine and to the experiment's own store. Throws a DrillError when that cannot be opened. */
export async function openDesk(plan: Plan, deps: EngineDeps, journal: Journal, context: ContextFactory): Promise<UndoDesk> {
  const own = plan.experiment.undoStore
  const stores = [
    localStore(deps.home),
    ...(own === undefined ? [] : [await openUndoStore(own, deps.registry.undoStores, { env: deps.env, folder: deps.source.folder })]),
  ]
  return undoDesk({
    faults: deps.registry.faults,
    clock: systemClock(deps.monotonic),
    journal,
    stores,
    contextFor: (_record, signal) => context(signal),
  })
}

interface Parts {
  readonly feed: Feed
  readonly undo: UndoDesk
  readonly context: ContextFactory
  readonly running: AsyncDisposableStack
}

/** Starts keeper, observer and load, and puts the drill together. What is started is stopped when `running` is disposed. */
export async function assemble(
  plan: Plan,
  deps: EngineDeps,
  opened: Opened,
  parts: Parts,
): Promise<{ drill: Drill; judgement: Judgement }> {
  const { journal, abort, lease } = opened
  journal.append({ kind: 'phase', phase: 'start' })
  const tallies: { heard: (tally: LedgerTally) => void } = { heard: () => {} }
  const keeper = await startKeeping(plan, deps, opened, parts, (tally) => tallies.heard(tally))
  const observer = await startObserving(plan, deps, opened, parts)
  await startLoading(plan, deps, opened, parts)
  const drill: Drill = {
    run: deps.run,
    plan,
    experiment: plan.experiment,
    registry: deps.registry,
    clock: systemClock(deps.monotonic),
    log: journal,
    undo: {
      record: (records) => parts.undo.record(records),
      injected: (id) => parts.undo.injected(id),
      run: async (ids) => void (await parts.undo.run(ids)),
    },
    feed: parts.feed,
    abort,
    observer,
    keeper,
    hold: async () => {
      await opened.watchdog.ready()
      lease.assertHeld()
    },
    phase: (phase) => journal.append({ kind: 'phase', phase }),
    context: parts.context,
  }
  const judgement = createJudgement(drill)
  tallies.heard = (tally) => judgement.tally(tally)
  return { drill, judgement }
}

/** What every thread is told of the drill. */
const commonOf = (deps: EngineDeps, { lease }: Opened) => ({
  run: deps.run,
  out: deps.out,
  folder: deps.source.folder,
  monotonic: deps.monotonic,
  lease: { file: lease.file, epoch: lease.epoch },
  env: deps.env,
})

async function startKeeping(
  plan: Plan,
  deps: EngineDeps,
  opened: Opened,
  parts: Parts,
  heard: (tally: LedgerTally) => void,
): Promise<Keeper | null> {
  const ledgers = Object.values(plan.experiment.ledgers)
  if (ledgers.length === 0) return null
  const keeper = await deps.startKeeper(
    { ...commonOf(deps, opened), ledgers },
    {
      tally: (tally) => {
        heard(tally)
        deps.hooks.onTally?.(tally)
      },
      note: (text) => parts.context(opened.abort.signal).note(text),
      lost: (why) => opened.abort.trip('observer-lost', why),
    },
  )
  parts.running.defer(() => keeper.stop())
  return keeper
}

async function startObserving({ experiment }: Plan, deps: EngineDeps, opened: Opened, parts: Parts): Promise<Observer> {
  const onThread = experiment.load && deps.registry.loads.get(experiment.load.kind)?.runs === 'thread'
  const observer = await deps.startObserver(
    {
      ...commonOf(deps, opened),
      probes: Object.values(experiment.probes),
      signals: Object.values(experiment.signals),
      guardrails: experiment.guardrails,
      load: onThread ? (experiment.load ?? null) : null,
      limit: experiment.limits.duration,
    },
    observerEvents({
      experiment,
      journal: opened.journal,
      abort: opened.abort,
      feed: parts.feed,
      note: (text) => parts.context(opened.abort.signal).note(text),
    }),
  )
  parts.running.defer(async () => {
    await observer.stop()
  })
  return observer
}

/** A load that is a process of its own: its stream is read here, never on the observer's thread. */
async function startLoading({ experiment }: Plan, deps: EngineDeps, { journal, abort }: Opened, parts: Parts): Promise<void> {
  const load = experiment.load && deps.registry.loads.get(experiment.load.kind)
  if (!experiment.load || load?.runs !== 'process') return
  const loading = await startLoad(
    load,
    experiment.load,
    {
      out: deps.out,
      limit: experiment.limits.duration,
      leaves: async (made) => void (await updateRun(deps.home, deps.run, { load: { kind: load.name, ...made } })),
    },
    parts.context(abort.signal),
    {
      full: () => journal.append({ kind: 'load.full' }),
      ended: (end) => loadEnded(end, journal, abort),
      lost: (why) => abort.trip('observer-lost', why),
    },
  )
  parts.running.defer(() => loading.stop())
}

/** How the load ended; what nobody would see in the numbers is a finding. Of an aborted drill it is no news. */
function loadEnded({ ok, detail, early }: Parameters<ObserverEvents['loadEnded']>[0], journal: Journal, abort: AbortLatch): void {
  journal.append({ kind: 'note', text: 'load ended', data: { load: { ok, detail } } })
  if (abort.tripped()) return
  if (ok && early)
    journal.append({
      kind: 'finding',
      id: 'load-ran-out',
      severity: 'medium',
      text: 'The load ended before the drill did: what came after is measured without it.',
    })
  if (!ok && !early)
    journal.append({ kind: 'finding', id: 'load-ended-badly', severity: 'low', text: `The load did not end well: ${sayEnd(detail)}.` })
}

interface Witness {
  readonly experiment: Plan['experiment']
  readonly journal: Journal
  readonly abort: AbortLatch
  readonly feed: Feed
  readonly note: (text: string) => void
}

const observerEvents = ({ experiment, journal, abort, feed, note }: Witness): ObserverEvents => ({
  samples: (probe, block) => feed.samples(probe, block),
  signal: (name, seen) => {
    journal.append({ kind: 'signal', signal: name, stage: experiment.signals[name]?.stage ?? 'D1', ...seen })
    feed.signal(name, seen)
  },
  breach: ({ guardrail, why, at, detail }) => {
    journal.append({ kind: 'guardrail', guardrail, why, breachedAt: at, detail })
    abort.trip(why === 'no-data' ? 'observer-lost' : 'guardrail', `guardrail "${guardrail}": ${detail}`)
  },
  loadFull: () => journal.append({ kind: 'load.full' }),
  loadEnded: (end) => loadEnded(end, journal, abort),
  note,
  lost: (why) => abort.trip('observer-lost', why),
})
