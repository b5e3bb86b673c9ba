import { systemClock } from '../../contracts/clock.ts'
import { DrillError, describe, refused } from '../../domain/error.ts'
import type { JsonObject } from '../../domain/json.ts'
import type { Plan } from '../../domain/plan.ts'
import type { DrillRecord } from '../../domain/record.ts'
import { EXIT } from '../../domain/verdict.ts'
import { updateRun, watchStop } from '../home/runs.ts'
import { startGuards } from './abort/guards.ts'
import { readKillSwitch } from './abort/kill-switch.ts'
import type { AbortLatch } from './abort/latch.ts'
import { assemble, contextFactory, openDesk } from './assemble.ts'
import type { EngineDeps } from './deps.ts'
import { createFeed } from './feed.ts'
import { live } from './life.ts'
import { type Opened, openDrill, systemName } from './open.ts'

/** A drill that could not be opened leaves no folder: that rejects. Everything after that ends in a record. */
export interface DrillEnd {
  readonly record: DrillRecord
  /** What kept it from starting, for the next command to type. */
  readonly error: DrillError | null
}

/** Runs a planned drill from locks to seal. Rejects with a DrillError (refused) when it cannot even keep a journal. */
export async function runDrill(plan: Plan, deps: EngineDeps): Promise<DrillEnd> {
  refuseWhatThePlanRefuses(plan)
  const opened = await openDrill(plan, deps)
  const error = await startAndLive(plan, deps, opened)
  const record = await close(plan, opened, deps)
  return { record, error }
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
async function close(plan: Plan, opened: Opened, deps: EngineDeps): Promise<DrillRecord> {
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
  await journal.commit({ kind: 'drill.closed', verdict, exit, reason, end: new Date(end * 1000).toISOString(), drift })
  const record = deps.report()
  await updateRun(deps.home, deps.run, { state: 'ended', end: reason })
  await opened.release()
  return record
}

function judgeOrBug({ judge }: EngineDeps): Pick<DrillRecord, 'verdict' | 'exit' | 'reason'> {
  try {
    return judge()
  } catch (error) {
    return { verdict: 'error', exit: EXIT.error, reason: `this is a bug in firedrill: the drill could not be measured: ${describe(error)}` }
  }
}
