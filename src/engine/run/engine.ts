import { systemClock } from '../../contracts/clock.ts'
import { afterMachineError, DrillError, describe, isMachineError, refused } from '../../domain/error.ts'
import type { JsonObject } from '../../domain/json.ts'
import type { Plan } from '../../domain/plan.ts'
import type { DrillRecord } from '../../domain/record.ts'
import { EXIT } from '../../domain/verdict.ts'
import { writeDurably } from '../home/durable.ts'
import { runPaths } from '../home/layout.ts'
import { openUndos, updateRun, watchStop } from '../home/runs.ts'
import { startGuards } from './abort/guards.ts'
import { readKillSwitch } from './abort/kill-switch.ts'
import type { AbortLatch } from './abort/latch.ts'
import { assemble, openDesk } from './assemble.ts'
import { contextFactory } from './context.ts'
import type { EngineDeps } from './deps.ts'
import { createFeed } from './feed.ts'
import { live } from './life.ts'
import { type Opened, openDrill, systemName } from './open.ts'

/** A drill that could not be opened leaves no folder: that rejects. Everything after that ends in a record. */
export interface DrillEnd {
  readonly record: DrillRecord
  /** What kept it from starting, for the next command to type. */
  readonly error: DrillError | null
  /** The drill is judged, and this is what the disk did not take of its reports; null when it took all. */
  readonly unwritten: DrillError | null
}

/**
 * Runs a planned drill from locks to seal. Rejects with a DrillError: refused when it cannot even keep a journal; aborted or undo-failed when
 * its journal cannot be finished, so that there is nothing to judge it by.
 */
export async function runDrill(plan: Plan, deps: EngineDeps): Promise<DrillEnd> {
  refuseWhatThePlanRefuses(plan)
  const opened = await openDrill(plan, deps)
  const error = await startAndLive(plan, deps, opened)
  const { record, unwritten } = await close(plan, opened, deps)
  return { record, error, unwritten }
}

function refuseWhatThePlanRefuses(plan: Plan): void {
  const [first, ...others] = plan.refusals
  if (!first) return
  const more = others.length > 0 ? ` (and ${others.length} more)` : ''
  throw refused(`${first.text}${more}`, first.code, ['firedrill plan FILE   to see everything that stands in the way'])
}

/** From the first request to the last: observers start, the drill lives, observers stop. */
async function startAndLive(plan: Plan, deps: EngineDeps, held: Opened): Promise<DrillError | null> {
  const { journal, abort } = held
  await using running = new AsyncDisposableStack()
  const clock = systemClock(deps.monotonic)
  const stopping = watchStop(deps.home, deps.run, (why) => abort.trip('stop', why))
  running.defer(stopping)
  running.use(followInterrupt(deps.interrupt, abort))
  const guards = startGuards({
    clock,
    abort,
    limit: plan.experiment.limits.duration,
    asked: async () => {
      const thrown = await readKillSwitch(plan.experiment.killSwitch, deps.source.folder, deps.run)
      return thrown === null ? null : { cause: 'kill-switch', detail: thrown }
    },
    stepped: (by) => journal.append({ kind: 'clock.stepped', by }),
  })
  running.use(guards)
  const feed = createFeed()
  if (deps.hooks.onSamples) running.use(feed.onSamples(deps.hooks.onSamples))
  try {
    const context = contextFactory(deps, held)
    const undo = await openDesk(plan, deps, journal, context)
    await announce(plan, deps, held, 'start', {})
    const { drill, judgement } = await assemble(plan, deps, held, { feed, undo, context, running })
    await live(drill, judgement)
    return null
  } catch (error) {
    abort.trip('error', describe(error))
    return error instanceof DrillError ? error : null
  }
}

function followInterrupt(interrupt: AbortSignal, abort: AbortLatch): Disposable {
  const follow = (): void => abort.trip('interrupt', describe(interrupt.reason))
  if (interrupt.aborted) follow()
  interrupt.addEventListener('abort', follow, { once: true })
  return { [Symbol.dispose]: () => interrupt.removeEventListener('abort', follow) }
}

/** Tells whoever asked to be told; who cannot be told is a note. */
async function announce(
  plan: Plan,
  deps: EngineDeps,
  { journal }: Opened,
  when: 'start' | 'abort' | 'end',
  more: JsonObject,
): Promise<void> {
  const payload = { firedrill: 1, when, run: deps.run, title: plan.experiment.title, system: systemName(plan), ...more }
  for (const problem of await deps.notify(when, payload)) journal.append({ kind: 'note', text: problem })
}

/**
 * Measures, judges, closes the journal, writes the reports, and only then lets go: whoever dies on the way leaves a watchdog that does the
 * rest. What cannot be measured is a bug, and the journal says so.
 */
async function close(plan: Plan, opened: Opened, deps: EngineDeps): Promise<Pick<DrillEnd, 'record' | 'unwritten'>> {
  const { journal, abort, offset } = opened
  journal.append({ kind: 'phase', phase: 'seal' })
  // From here on nothing is mutated, and a long measurement must not look like a hung engine.
  opened.lease.release()
  const { verdict, exit, reason } = judgeOrBug(deps)
  const tripped = abort.tripped()
  if (tripped) await announce(plan, deps, opened, 'abort', { cause: tripped.cause, detail: tripped.detail })
  await announce(plan, deps, opened, 'end', { verdict, reason })
  const clock = systemClock(deps.monotonic)
  const end = clock.wall()
  const drift = end - clock.now() - offset
  try {
    await journal.commit({ kind: 'drill.closed', verdict, exit, reason, end: new Date(end * 1000).toISOString(), drift })
  } catch (error) {
    throw await unfinished(opened, deps, error)
  }
  const reported = reportOrJudge(deps)
  await updateRun(deps.home, deps.run, { state: 'ended', end: reason }).catch(() => {})
  await opened.release()
  return reported
}

/** The reports can be written again from the folder: a disk that does not take them changes nothing about the verdict. */
function reportOrJudge({ report, judge, out }: EngineDeps): Pick<DrillEnd, 'record' | 'unwritten'> {
  try {
    return { record: report(), unwritten: null }
  } catch (error) {
    if (!isMachineError(error)) throw error
    const unwritten = refused(`The reports cannot be written: ${describe(error)}`, 'REPORTS_UNWRITABLE', [
      ...afterMachineError(error, out),
      `firedrill report ${out} --out DIR`,
    ])
    return { record: judge(), unwritten }
  }
}

/** Ends a drill whose journal cannot be finished: what the disk did not take goes to the state folder, where there may be room. */
async function unfinished(opened: Opened, { home, run, out }: EngineDeps, cause: unknown): Promise<DrillError> {
  const { journal, abort } = opened
  const spare = runPaths(home, run).spareJournal
  const kept = await writeDurably(spare, journal.unwritten()).then(
    () => [`cat ${spare} >> ${journal.file}`, `firedrill report ${out}`],
    () => [],
  )
  // Read from the disk: whatever is recorded there may still be faulted.
  const open = await openUndos(home, run).catch(() => [])
  await updateRun(home, run, { state: 'ended', end: describe(cause) }).catch(() => {})
  await opened.release().catch(() => {})
  const left = open.map(({ target }) => target).join(', ')
  const why = abort.tripped()?.detail ?? describe(cause)
  return new DrillError(
    left === ''
      ? `The drill ended without a verdict, and nothing of it is faulted: ${why}`
      : `The drill ended without a verdict, and ${left} is still faulted: ${why}`,
    {
      code: 'JOURNAL_UNFINISHED',
      exit: left === '' ? EXIT.aborted : EXIT['undo-failed'],
      next: [...(left === '' ? [] : [`firedrill undo --run ${run}`]), ...afterMachineError(rootOf(cause), out), ...kept],
      cause,
    },
  )
}

const rootOf = (error: unknown): unknown => (error instanceof DrillError && error.cause !== undefined ? error.cause : error)

function judgeOrBug({ judge }: EngineDeps): Pick<DrillRecord, 'verdict' | 'exit' | 'reason'> {
  try {
    return judge()
  } catch (error) {
    return { verdict: 'error', exit: EXIT.error, reason: `this is a bug in firedrill: the drill could not be measured: ${describe(error)}` }
  }
}
