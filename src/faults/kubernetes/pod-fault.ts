import type { Context } from '../../contracts/context.ts'
import { defineFault, type Fault, type FaultInput } from '../../contracts/fault.ts'
import type { Preflight } from '../../contracts/preflight.ts'
import { refused } from '../../domain/error.ts'
import { flag, withDefault } from '../../domain/shape.ts'
import { type Cluster, reconnect } from '../../platforms/kubernetes/api/cluster.ts'
import { KINDS } from '../../platforms/kubernetes/api/kinds.ts'
import { backendsFall } from '../../platforms/kubernetes/effect/endpoints.ts'
import { needs } from '../../platforms/kubernetes/rights/needs.ts'
import { bareRefusals, onePerNamespace, servingPod } from '../../platforms/kubernetes/rights/pods.ts'
import { labelOf, type ObjectRef, objectOf, PLATFORM } from '../../platforms/kubernetes/target/target.ts'

/** The parameter that all of them have. */
export const bare = withDefault(flag({ doc: 'Also pods that nothing makes anew: they are gone for good.' }), false)

export interface PodFault<Spec> extends Pick<Fault<Spec>, 'name' | 'summary' | 'parameters' | 'permissions' | 'bitesWithin'> {
  /** What the pod is then. */
  readonly done: string
  /** The call as a person would type it. */
  readonly call: (pod: ObjectRef, spec: Spec) => string
  /** Takes away exactly the pod that is pinned. False: it is gone, or another one has its name. */
  readonly take: (cluster: Cluster, pod: ObjectRef, spec: Spec, context: Context) => Promise<boolean>
  /** What budgets say to it. */
  readonly budgets: (pods: readonly ObjectRef[], spec: Spec, context: Context) => Promise<Pick<Preflight, 'refusals' | 'warnings'>>
  /** Rights in the pod's namespace beyond those of looking at endpoints and budgets. */
  readonly needs: (pod: ObjectRef) => Preflight['needs']
}

/** A fault that takes pods away: an event, for whatever owns them makes new ones. One of the same name that took its place is never touched. */
export function podFault<Spec extends { readonly bare: boolean }>(of: PodFault<Spec>): Fault<Spec, null> {
  const podOf = (input: FaultInput<Spec>): ObjectRef => objectOf(input.target, 'pod')
  const { done, call, take, budgets, needs: own, ...about } = of
  return defineFault<Spec, null>({
    ...about,
    kind: 'event',
    platform: PLATFORM,
    takes: { percent: false },
    undoFrom: 'here',
    effectIsState: false,
    effectHow: 'The pod is no ready endpoint of any Service any more (EndpointSlice)',
    undoHow: 'An event: its owner makes a new one',
    undoVersion: 1,
    async plan(input, context) {
      const pod = podOf(input)
      const { uid, node, owner } = pod
      return {
        call: call(pod, input.spec),
        undo: null,
        command: '',
        // What is pinned is read by the call itself: it carries the uid. Reading each of a thousand pods again would prove no more.
        prior: { uid, node: node ?? null, owner: owner ?? null },
        witness: await servingPod(pod, context),
      }
    },
    async inject(input, _mutation, context) {
      context.signal.throwIfAborted()
      const pod = podOf(input)
      const taken = await take(await reconnect(pod.cluster, context), pod, input.spec, context)
      if (!taken) throw refused(`${labelOf(pod)} is gone, or is another one by now`, 'TARGET_GONE', ['firedrill plan FILE'])
    },
    async effect(input, mutation, context) {
      const pod = podOf(input)
      const before = (mutation.witness ?? []) as readonly string[]
      return backendsFall(await reconnect(pod.cluster, context), { namespace: pod.namespace ?? undefined }, before, 0, context)
    },
    undo: async () => ({ state: 'not-needed', verified: true, detail: `a pod that was ${done} is made anew by its owner` }),
    async preflight(inputs, context) {
      const [first] = inputs
      if (!first) return { refusals: [], warnings: [], needs: [] }
      const pods = inputs.map(podOf)
      const { refusals, warnings } = await budgets(pods, first.spec, context)
      return {
        refusals: [...refusals, ...(first.spec.bare ? [] : bareRefusals(pods))],
        warnings,
        needs: onePerNamespace(pods).flatMap((pod) => [...own(pod), ...looking(pod)]),
      }
    },
  })
}

const looking = ({ cluster, namespace }: ObjectRef): Preflight['needs'] => [
  ...needs(['list', 'watch'], { cluster, kind: KINDS.endpointslice, namespace }),
  ...needs(['list'], { cluster, kind: KINDS.pdb, namespace }),
]
