import { refused } from '../../domain/error.ts'
import { count, flag, type Of, object, withDefault } from '../../domain/shape.ts'
import { KINDS } from '../../platforms/kubernetes/api/kinds.ts'
import { field } from '../../platforms/kubernetes/change/patch.ts'
import { backendsFall, readyBackends } from '../../platforms/kubernetes/effect/endpoints.ts'
import { workloadsInTheWay } from '../../platforms/kubernetes/rights/in-the-way.ts'
import { lookNeeds } from '../../platforms/kubernetes/rights/patch-needs.ts'
import { namespaceOf } from '../../platforms/kubernetes/target/target.ts'
import { podsOf } from '../../platforms/kubernetes/target/workload.ts'
import { patchFault } from './patch-fault.ts'

const parameters = object({
  replicas: withDefault(count({ doc: 'How many pods are left. Default 0: the workload is gone.' }), 0),
  autoscaled: withDefault(flag({ doc: 'Also where an autoscaler owns the number and may move it in mid-drill.' }), false),
})
type Spec = Of<typeof parameters>

const PATH = '/spec/replicas'

/** Fewer pods, or none: what a bad deployment, a mistaken command or a quota leaves behind. */
export const kubernetesWorkloadScale = patchFault<Spec>({
  name: 'kubernetes/workload-scale',
  summary: 'Scales a Deployment or StatefulSet down, to nothing unless told otherwise',
  parameters,
  on: ['deployment', 'statefulset'],
  permissions: ['list pods, replicasets and horizontalpodautoscalers', 'list and watch endpointslices'],
  effectIsState: false,
  effectHow: 'Of the pods that services sent traffic to, at most `replicas` are still ready endpoints (EndpointSlice)',
  undoHow: 'Sets the number of replicas that was there before, unless somebody else changed it since',
  change(workload, { replicas }) {
    const now = Number(workload.spec?.['replicas'] ?? 1)
    // Growing harms nobody, and no effect of it could be told from an autoscaler's.
    if (replicas > now)
      throw refused(`${workload.metadata.name} has ${now} replicas: scaling it to ${replicas} takes nothing away.`, 'NOT_FEWER', [
        `replicas: ${Math.max(0, now - 1)}`,
      ])
    return { edits: [field(workload, PATH, { value: replicas })] }
  },
  async witness(ref, workload, cluster, context) {
    const pods = (await podsOf(cluster, ref, workload, context)).map(({ metadata }) => metadata.uid)
    return readyBackends(cluster, { namespace: namespaceOf(ref), pods }, context)
  },
  effect: ({ input, ref, cluster, mutation, context }) => {
    const before = (mutation.witness ?? []) as readonly string[]
    return backendsFall(cluster, { namespace: namespaceOf(ref) }, before, input.spec.replicas, context)
  },
  async preflight(refs, { replicas, autoscaled }, context, found) {
    const inTheWay = await workloadsInTheWay(refs, found, { what: 'replicas', to: replicas, anyway: autoscaled }, context)
    return {
      ...inTheWay,
      needs: [...inTheWay.needs, ...lookNeeds(refs, ['list'], KINDS.pod), ...lookNeeds(refs, ['list', 'watch'], KINDS.endpointslice)],
    }
  },
})
