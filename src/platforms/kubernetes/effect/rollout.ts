import type { Context } from '../../../contracts/context.ts'
import type { EffectSeen } from '../../../contracts/fault.ts'
import type { Interval } from '../../../domain/interval.ts'
import { seconds } from '../../../domain/time.ts'
import type { Cluster, ListQuery } from '../api/cluster.ts'
import { KINDS } from '../api/kinds.ts'
import type { K8sObject } from '../api/objects.ts'
import { type Edit, isOurs } from '../change/patch.ts'
import { kindOf, labelOf, namespaceOf, type ObjectRef } from '../target/target.ts'
import { isRolledOut, rolloutOf } from '../target/workload.ts'
import { follow } from './shared-watch.ts'

/** What only a probe of the experiment can prove; `how` says what was read back. */
export const askAProbe = (how: string): EffectSeen => ({
  proven: false,
  level: 'control',
  at: null,
  how: `${how}; whether anybody notices only a probe can tell: effect: {probe: NAME}`,
})

const POLL = seconds(0.2)

/** Follows the rollout of a changed template until it is done or the signal aborts. Proves nothing. */
export async function rolloutReadBack(cluster: Cluster, ref: ObjectRef, edits: readonly Edit[], context: Context): Promise<EffectSeen> {
  let how = `${labelOf(ref)} was not seen with the change`
  while (!context.signal.aborted) {
    const object = await cluster.find(kindOf(ref), namespaceOf(ref), ref.name, context).catch(() => undefined)
    if (object && edits.every((edit) => isOurs(object, edit))) {
      const rollout = rolloutOf(ref, object)
      how = `${rollout.seen ? rollout.updated : 0} of ${rollout.wanted} pods of ${labelOf(ref)} are made from the new template`
      if (isRolledOut(rollout)) break
    }
    await context.clock.sleep(POLL, context.signal).catch(() => undefined)
  }
  return askAProbe(how)
}

/** A pod that was looked for, and when: (last list without, first sight]. */
export interface PodSeen {
  readonly pod: K8sObject
  readonly at: Interval
}

/** The first pod that is so; undefined when the signal aborts before. */
export function firstPod(
  cluster: Cluster,
  query: ListQuery,
  isSo: (pod: K8sObject) => boolean,
  context: Context,
): Promise<PodSeen | undefined> {
  const began = context.clock.now()
  let lo: number = began
  return new Promise((resolve) => {
    const own = new AbortController()
    const done = (seen: PodSeen | undefined): void => {
      resolve(seen)
      own.abort()
    }
    const signal = AbortSignal.any([context.signal, own.signal])
    follow(
      cluster,
      KINDS.pod,
      query,
      ({ objects, listedAt, at }) => {
        const pod = objects.values().find(isSo)
        if (pod) done({ pod, at: { lo: Math.min(lo, at), hi: Math.max(at, began) } })
        else lo = Math.max(lo, listedAt)
      },
      { ...context, signal },
    )
    if (context.signal.aborted) done(undefined)
    else context.signal.addEventListener('abort', () => done(undefined), { once: true })
  })
}
