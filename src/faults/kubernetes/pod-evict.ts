import { defineFault, type FaultInput } from '../../contracts/fault.ts'
import type { Preflight } from '../../contracts/preflight.ts'
import { refused } from '../../domain/error.ts'
import { duration, flag, type Of, object, withDefault } from '../../domain/shape.ts'
import { seconds } from '../../domain/time.ts'
import { reconnect } from '../../platforms/kubernetes/api/cluster.ts'
import { KINDS } from '../../platforms/kubernetes/api/kinds.ts'
import { evict } from '../../platforms/kubernetes/change/evict.ts'
import { kubectl } from '../../platforms/kubernetes/change/kubectl.ts'
import { backendsFall } from '../../platforms/kubernetes/effect/endpoints.ts'
import { budgetWarning, exceededBudgets } from '../../platforms/kubernetes/rights/budgets.ts'
import { needs } from '../../platforms/kubernetes/rights/needs.ts'
import { bareRefusals, onePerNamespace, servingPod } from '../../platforms/kubernetes/rights/pods.ts'
import { labelOf, type ObjectRef, objectOf, PLATFORM } from '../../platforms/kubernetes/target/target.ts'

const parameters = object({
  wait: withDefault(duration({ doc: 'How long to ask again while a PodDisruptionBudget refuses. Default 0s: once.' }), '0s'),
  bare: withDefault(flag({ doc: 'Also pods that nothing makes anew: they are gone for good.' }), false),
})
type Spec = Of<typeof parameters>

const podOf = (input: FaultInput<Spec>): ObjectRef => objectOf(input.target, 'pod')

/** What a drain, an upgrade or an autoscaler does to a pod: asked for politely, and refused where a budget says so. */
export const kubernetesPodEvict = defineFault<Spec, null>({
  name: 'kubernetes/pod-evict',
  kind: 'event',
  summary: 'Evicts pods through the eviction API, which PodDisruptionBudgets may refuse',
  platform: PLATFORM,
  parameters,
  takes: { percent: false },
  undoFrom: 'here',
  effectIsState: false,
  // An endpoint goes a moment after the eviction is granted.
  bitesWithin: ({ wait }) => seconds(wait + 15),
  effectHow: 'The pod is no ready endpoint of any Service any more (EndpointSlice)',
  undoHow: 'An event: its owner makes a new one',
  permissions: ['create pods/eviction', 'get and list pods', 'list and watch endpointslices', 'list poddisruptionbudgets'],
  undoVersion: 1,
  async plan(input, context) {
    const pod = podOf(input)
    const { cluster, namespace, name, uid, node, owner } = pod
    const eviction = { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name, namespace }, deleteOptions: { preconditions: { uid } } }
    const path = `/api/v1/namespaces/${namespace}/pods/${name}/eviction`
    return {
      call: `${kubectl(cluster, namespace, 'create', '--raw', path, '-f', '-')} <<< '${JSON.stringify(eviction)}'`,
      undo: null,
      command: '',
      // The call carries the uid of what is pinned.
      prior: { uid, node: node ?? null, owner: owner ?? null },
      witness: await servingPod(pod, context),
    }
  },
  async inject(input, _mutation, context) {
    context.signal.throwIfAborted()
    const pod = podOf(input)
    const eviction = await evict(await reconnect(pod.cluster, context), pod, input.spec.wait, context)
    if (eviction === 'gone') throw refused(`${labelOf(pod)} is gone, or is another one by now`, 'TARGET_GONE', ['firedrill plan FILE'])
  },
  async effect(input, mutation, context) {
    const pod = podOf(input)
    const before = (mutation.witness ?? []) as readonly string[]
    return backendsFall(await reconnect(pod.cluster, context), { namespace: pod.namespace ?? undefined }, before, 0, context)
  },
  undo: async () => ({ state: 'not-needed', verified: true, detail: 'an evicted pod is made anew by its owner' }),
  async preflight(inputs, context): Promise<Preflight> {
    const pods = inputs.map(podOf)
    return {
      refusals: inputs[0]?.spec.bare === true ? [] : bareRefusals(pods),
      warnings: (await exceededBudgets(pods, context)).map(budgetWarning),
      needs: onePerNamespace(pods).flatMap(({ cluster, namespace }) => [
        ...needs(['get', 'list'], { cluster, kind: KINDS.pod, namespace }),
        ...needs(['create'], { cluster, kind: KINDS.pod, subresource: 'eviction', namespace }),
        ...needs(['list', 'watch'], { cluster, kind: KINDS.endpointslice, namespace }),
        ...needs(['list'], { cluster, kind: KINDS.pdb, namespace }),
      ]),
    }
  },
})
