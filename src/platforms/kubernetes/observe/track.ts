import type { Context } from '../../../contracts/context.ts'
import type { SignalSeen } from '../../../contracts/signal.ts'
import { DrillError, describe, refused } from '../../../domain/error.ts'
import type { Interval } from '../../../domain/interval.ts'
import { type Seconds, seconds } from '../../../domain/time.ts'
import { ApiError, isForbidden, isUnauthorized } from '../api/api-error.ts'
import type { Cluster } from '../api/cluster.ts'
import type { K8sObject } from '../api/objects.ts'
import { type Change, watch } from '../api/watch.ts'
import { type Certain, createCertain } from './certain.ts'
import type { Judge } from './judge/judge.ts'
import { askPulse } from './pulse.ts'
import { createTeller, type Teller } from './tell.ts'

/** No watch asks more often than this. */
const LEAST_EVERY = 0.25
/** Without an answer for so long the first state is that nobody knows. */
const FIRST_WORD = 1.5
const PAUSE = seconds(0.5)

interface Tracking {
  readonly judge: Judge
  readonly cluster: Cluster
  readonly certain: Certain
  readonly teller: Teller
  readonly objects: Map<string, K8sObject>
  offset: Interval
  listedOnce: boolean
}

/**
 * Watches until the signal aborts and reports every change of state. A watch that breaks, or a server that does not answer, is reported as
 * unknown; once everything could be listed anew, the true state is. Rejects with a DrillError when it may not watch that.
 */
export async function track(
  judge: Judge,
  every: Seconds,
  seen: (what: SignalSeen) => void,
  cluster: Cluster,
  context: Context,
): Promise<void> {
  const { clock, signal } = context
  const began = clock.now()
  const tracking: Tracking = {
    judge,
    cluster,
    certain: createCertain(began),
    teller: createTeller(seen),
    objects: new Map(),
    offset: { lo: 0, hi: 0 },
    listedOnce: false,
  }
  const silent = setTimeout(() => {
    if (!tracking.listedOnce) tracking.teller.lost('the API server has not answered yet', began, clock.now())
  }, FIRST_WORD * 1000)
  try {
    while (!signal.aborted) {
      const why = await follow(tracking, seconds(Math.max(every, LEAST_EVERY)), context)
      if (signal.aborted) return
      lose(tracking, why, clock.now())
      await clock.sleep(PAUSE, signal).catch(() => undefined)
    }
  } finally {
    clearTimeout(silent)
  }
}

/** One watch as long as it and the server live; says why it ended. */
async function follow(tracking: Tracking, every: Seconds, context: Context): Promise<string> {
  const { judge, cluster } = tracking
  const own = new AbortController()
  const within: Context = { ...context, signal: AbortSignal.any([context.signal, own.signal]) }
  try {
    tracking.offset = await cluster.offset(within)
    const pulsing = pulse(tracking, every, own, within)
    await watch(cluster, judge.kind, judge.query, (change) => take(tracking, change, context), within)
    await pulsing
    return own.signal.reason instanceof Error ? own.signal.reason.message : 'the watch ended'
  } catch (error) {
    // What was watched once is watched again: nobody would hear of a refusal in the middle of a drill.
    if (!tracking.listedOnce && error instanceof DrillError) throw error
    if (!tracking.listedOnce && (isForbidden(error) || isUnauthorized(error))) throw mayNot(judge, error)
    return describe(error)
  } finally {
    own.abort()
  }
}

const mayNot = ({ kind, query: { namespace } }: Judge, error: unknown): DrillError =>
  refused(
    `A kubernetes signal may not watch ${kind.plural}${namespace === undefined ? '' : ` in ${namespace}`}: ${describe(error)}`,
    'SIGNAL_FORBIDDEN',
    [`kubectl auth can-i watch ${kind.plural}${namespace === undefined ? ' --all-namespaces' : ` -n ${namespace}`}`],
    error,
  )

function take(tracking: Tracking, change: Change, { clock }: Context): void {
  const { certain, objects } = tracking
  if (change.type === 'LOST') return lose(tracking, change.why, change.at)
  if (change.type !== 'LISTED') {
    const before = certain.changed(change.object)
    const { uid } = change.object.metadata
    if (change.type === 'DELETED') objects.delete(uid)
    else objects.set(uid, change.object)
    return look(tracking, change.type === 'DELETED' ? [] : [change.object], false, { before, looked: before, at: change.at }, clock)
  }
  const first = !tracking.listedOnce
  const before = first ? change.at : certain.last()
  tracking.listedOnce = true
  certain.listed(change.at)
  objects.clear()
  for (const object of change.objects) objects.set(object.metadata.uid, object)
  return look(tracking, change.objects, first, { before, looked: change.at, at: change.received }, clock)
}

interface When {
  readonly before: number
  readonly looked: number
  readonly at: number
}

function look(tracking: Tracking, changed: readonly K8sObject[], first: boolean, when: When, clock: Context['clock']): void {
  const { judge, objects, offset, teller } = tracking
  teller.judged(judge.judge({ objects, changed, first, offset, clock }), when.before, when.looked, when.at)
}

function lose({ certain, teller }: Tracking, why: string, at: number): void {
  certain.broke()
  teller.lost(why, certain.last(), at)
}

/** Asks for a list again and again: it bounds the age of what the watch tells, and finds out a server that fell silent on an open connection. */
async function pulse(tracking: Tracking, every: Seconds, own: AbortController, context: Context): Promise<void> {
  const { clock, signal } = context
  for (;;) {
    await clock.sleep(every, signal).catch(() => undefined)
    if (signal.aborted) return
    if (!tracking.listedOnce) continue
    try {
      await pulseOnce(tracking, context)
    } catch (error) {
      if (signal.aborted) return
      // Too many requests is an answer of a server that is there.
      if (error instanceof ApiError && error.status === 429) continue
      own.abort(error instanceof Error ? error : new Error(describe(error)))
      return
    }
  }
}

async function pulseOnce(tracking: Tracking, context: Context): Promise<void> {
  const { judge, cluster, certain, objects } = tracking
  const { clock } = context
  const at = clock.now()
  const { version, isAll } = await askPulse(cluster, judge, context)
  tracking.offset = await cluster.offset(context)
  const same = isAll(objects)
  certain.pulsed(at, version, same)
  if (judge.timed && same) look(tracking, [], false, { before: at, looked: at, at: clock.now() }, clock)
}
