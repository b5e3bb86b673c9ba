import { duration, type Of, object, withDefault } from '../../domain/shape.ts'
import { seconds } from '../../domain/time.ts'
import { KINDS } from '../../platforms/kubernetes/api/kinds.ts'
import { evict } from '../../platforms/kubernetes/change/evict.ts'
import { kubectl } from '../../platforms/kubernetes/change/kubectl.ts'
import { budgetWarning, exceededBudgets } from '../../platforms/kubernetes/rights/budgets.ts'
import { needs } from '../../platforms/kubernetes/rights/needs.ts'
import { bare, podFault } from './pod-fault.ts'

const parameters = object({
  wait: withDefault(duration({ doc: 'How long to ask again while a PodDisruptionBudget refuses. Default 0s: once.' }), '0s'),
  bare,
})
type Spec = Of<typeof parameters>

/** What a drain, an upgrade or an autoscaler does to a pod: asked for politely, and refused where a budget says so. */
export const kubernetesPodEvict = podFault<Spec>({
  name: 'kubernetes/pod-evict',
  summary: 'Evicts pods through the eviction API, which PodDisruptionBudgets may refuse',
  parameters,
  // An endpoint goes a moment after the eviction is granted.
  bitesWithin: ({ wait }) => seconds(wait + 15),
  permissions: ['create pods/eviction', 'get and list pods', 'list and watch endpointslices', 'list poddisruptionbudgets'],
  done: 'evicted',
  call({ cluster, namespace, name, uid }) {
    const eviction = { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name, namespace }, deleteOptions: { preconditions: { uid } } }
    const path = `/api/v1/namespaces/${namespace}/pods/${name}/eviction`
    return `${kubectl(cluster, namespace, 'create', '--raw', path, '-f', '-')} <<< '${JSON.stringify(eviction)}'`
  },
  take: async (cluster, pod, { wait }, context) => (await evict(cluster, pod, wait, context)) !== 'gone',
  budgets: async (pods, _spec, context) => ({ refusals: [], warnings: (await exceededBudgets(pods, context)).map(budgetWarning) }),
  needs: ({ cluster, namespace }) => [
    ...needs(['get', 'list'], { cluster, kind: KINDS.pod, namespace }),
    ...needs(['create'], { cluster, kind: KINDS.pod, subresource: 'eviction', namespace }),
  ],
})
