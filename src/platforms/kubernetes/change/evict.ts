import type { Context } from '../../../contracts/context.ts'
import { DrillError } from '../../../domain/error.ts'
import type { Seconds } from '../../../domain/time.ts'
import { seconds } from '../../../domain/time.ts'
import { EXIT } from '../../../domain/verdict.ts'
import { ApiError, isConflict, isGone, isUnanswered } from '../api/api-error.ts'
import type { Cluster } from '../api/cluster.ts'
import { KINDS, objectPath } from '../api/kinds.ts'
import { budgetsOf } from '../rights/budgets.ts'
import { labelOf, type ObjectRef } from '../target/target.ts'
import { kubectl } from './kubectl.ts'

/** How long to wait before a budget is asked again, where the server does not say. */
const PAUSE = seconds(0.5)
/** Tries whose answer may be lost. */
const LOST = 3
/** Evictions under way at once. */
const ABREAST = 10

/** `gone`: this pod is not there any more, or goes with its namespace, whoever took it away. */
export type Eviction = 'evicted' | 'gone'

/**
 * Evicts exactly this pod, as the budgets allow: one that refuses is asked again for `wait`, no sooner than the server says. Rejects with
 * BUDGET_REFUSED naming the budgets, and with the signal's reason.
 */
export async function evict(cluster: Cluster, pod: ObjectRef, wait: Seconds, context: Context): Promise<Eviction> {
  const until = context.clock.now() + wait
  const { namespace, name, uid } = pod
  const path = objectPath(KINDS.pod, namespace ?? undefined, name, 'eviction')
  const metadata = { name, namespace }
  let lost = 0
  const body = { apiVersion: 'policy/v1', kind: 'Eviction', metadata, deleteOptions: { preconditions: { uid } } }
  for (;;) {
    context.signal.throwIfAborted()
    try {
      await cluster.ask({ method: 'POST', path, body }, context)
      return 'evicted'
    } catch (error) {
      const isAway = isGone(error) || isEnding(error) || (isConflict(error) && !(await isThere(cluster, pod, context)))
      // Of a try whose answer was lost it is not known whether it arrived: a pod that is not there any more went by it.
      if (isAway) return lost > 0 ? 'evicted' : 'gone'
      if (isUnanswered(error) && lost++ < LOST) continue
      const again = pauseAfter(error)
      if (again === undefined || context.clock.now() + again > until) throw await explained(error, cluster, pod, wait, context)
      await context.clock.sleep(again, context.signal)
    }
  }
}

/** Evicts all of these, some at a time, and waits for every one of them. Rejects as `evict` does for the first that did not go. */
export async function evictAll(cluster: Cluster, pods: readonly ObjectRef[], wait: Seconds, context: Context): Promise<void> {
  const until = context.clock.now() + wait
  const queue = pods.values()
  const failed: unknown[] = []
  const worker = async (): Promise<void> => {
    for (const pod of queue) {
      const left = seconds(Math.max(0, until - context.clock.now()))
      await evict(cluster, pod, left, context).catch((error: unknown) => failed.push(error))
    }
  }
  await Promise.all(Array.from({ length: Math.min(ABREAST, pods.length) }, worker))
  context.signal.throwIfAborted()
  if (failed.length > 0) throw failed[0]
}

const isByBudget = (error: unknown): boolean => error instanceof ApiError && error.causes.includes('DisruptionBudget')

/** Its namespace is being deleted, and the pod with it: nothing more may be asked for in it. */
const isEnding = (error: unknown): boolean => error instanceof ApiError && error.causes.includes('NamespaceTerminating')

/** undefined: another try would be no use. */
function pauseAfter(error: unknown): Seconds | undefined {
  if (isConflict(error)) return PAUSE
  return error instanceof ApiError && isByBudget(error) ? seconds(Math.max(error.retryAfter ?? 0, PAUSE)) : undefined
}

async function isThere(cluster: Cluster, { namespace, name, uid }: ObjectRef, context: Context): Promise<boolean> {
  const now = await cluster.find(KINDS.pod, namespace ?? undefined, name, context)
  return now?.metadata.uid === uid && now.metadata.deletionTimestamp === undefined
}

/** The server says that a budget is in the way, or that there are several (a plain 500), and not which. */
async function explained(error: unknown, cluster: Cluster, pod: ObjectRef, wait: Seconds, context: Context): Promise<unknown> {
  if (!(error instanceof ApiError) || (!isByBudget(error) && error.status !== 500)) return error
  const now = await cluster.find(KINDS.pod, pod.namespace ?? undefined, pod.name, context).catch(() => undefined)
  const budgets = now ? await budgetsOf(now, cluster, context).catch(() => []) : []
  if (!isByBudget(error) && budgets.length < 2) return error
  const which = `${budgets.length > 1 ? 'PodDisruptionBudgets' : 'PodDisruptionBudget'} ${budgets.join(' and ') || '(unknown)'}`
  const why = isByBudget(error) ? `refused for ${wait} s` : 'are more than one for this pod, which the eviction API refuses'
  const { cluster: ref, namespace } = pod
  return new DrillError(`${labelOf(pod)} was not evicted: ${which} ${why}`, {
    code: 'BUDGET_REFUSED',
    exit: EXIT.aborted,
    next: [kubectl(ref, namespace, 'get', 'poddisruptionbudgets.policy'), 'wait: DURATION   to give the budget more time'],
    cause: error,
  })
}
