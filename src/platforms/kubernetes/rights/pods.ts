import type { Context } from '../../../contracts/context.ts'
import type { PlanWarning } from '../../../domain/plan.ts'
import { reconnect } from '../api/cluster.ts'
import { readyPods } from '../effect/endpoints.ts'
import { labelOf, type ObjectRef } from '../target/target.ts'

/** One of these for every namespace that they are in. */
export const onePerNamespace = (refs: readonly ObjectRef[]): readonly ObjectRef[] => [
  ...new Map(refs.map((ref) => [`${ref.cluster.server}/${ref.namespace}`, ref])).values(),
]

/** As many as a person reads. */
const NAMED = 3

/** Refusals for pods that nothing makes anew. */
export const bareRefusals = (pods: readonly ObjectRef[]): readonly PlanWarning[] =>
  pods
    .filter(({ owner }) => owner === undefined)
    .slice(0, NAMED)
    .map((pod) => ({
      code: 'BARE_POD',
      text: `Nothing makes ${labelOf(pod)} anew when it is gone: leave it out, or say bare: true.`,
    }))

/** `a, b, c and 4 more`. */
export const named = (names: readonly string[]): string =>
  names.length <= NAMED ? names.join(', ') : `${names.slice(0, NAMED).join(', ')} and ${names.length - NAMED} more`

/** This pod's uid if a service sends traffic to it. */
export async function servingPod({ cluster, namespace, uid }: ObjectRef, context: Context): Promise<readonly string[]> {
  return (await readyPods(await reconnect(cluster, context), namespace ?? undefined, context)).has(uid) ? [uid] : []
}
