import type { EffectSeen } from '../../contracts/fault.ts'
import type { JsonObject } from '../../domain/json.ts'
import { type Of, object, text } from '../../domain/shape.ts'
import { seconds } from '../../domain/time.ts'
import { KINDS } from '../../platforms/kubernetes/api/kinds.ts'
import type { K8sObject } from '../../platforms/kubernetes/api/objects.ts'
import { field } from '../../platforms/kubernetes/change/patch.ts'
import { carries } from '../../platforms/kubernetes/change/rollout.ts'
import { backendsFall, readyBackends } from '../../platforms/kubernetes/effect/endpoints.ts'
import { firstPod, type PodSeen } from '../../platforms/kubernetes/effect/rollout.ts'
import { workloadsInTheWay } from '../../platforms/kubernetes/rights/in-the-way.ts'
import { lookNeeds } from '../../platforms/kubernetes/rights/patch-needs.ts'
import { namespaceOf } from '../../platforms/kubernetes/target/target.ts'
import { containerOf, podsOf, selectedBy } from '../../platforms/kubernetes/target/workload.ts'
import { patchFault, type Scene } from './patch-fault.ts'

const parameters = object(
  {},
  {
    container: text({ pattern: /\S/, what: 'a name', doc: 'Which container. Default: the only one.', examples: ['app'] }),
    image: text({
      pattern: /^\S+$/,
      what: 'an image',
      doc: 'The image that cannot be pulled. Default: the present one with a tag that is not there.',
      examples: ['registry.example.com/app:broken'],
    }),
  },
)
type Spec = Of<typeof parameters>

const TAG = 'firedrill-missing'

/** The image without its tag and digest; a colon before the last slash is a port. */
const repositoryOf = (image: string): string => image.replace(/@.*$/, '').replace(/:[^/:]*$/, '')

/** What the node's own agent says when it tried to get an image and could not. */
const NOT_PULLED = new Set([
  'ErrImagePull',
  'ImagePullBackOff',
  'InvalidImageName',
  'ErrImageNeverPull',
  'ImageInspectError',
  'RegistryUnavailable',
])

type Before = { readonly ready: readonly string[]; readonly pods: readonly string[]; readonly labels: string }

/** A bad release: pods of the new template cannot start. What that costs is up to the rollout strategy, which is what a drill of it shows. */
export const kubernetesImageBreak = patchFault<Spec>({
  name: 'kubernetes/image-break',
  summary: 'Rolls out an image that cannot be pulled: a bad release and its rollback',
  parameters,
  on: ['deployment', 'statefulset', 'daemonset'],
  permissions: ['list and watch pods and endpointslices', 'list replicasets and horizontalpodautoscalers'],
  // The fault is a rollout that cannot go on, and a kubelet that tried to pull tells of it. With `maxUnavailable: 0` there is nothing else to
  // see: the old pods serve on, and no client notices, so that this is the control plane's level. A lost endpoint is the data plane's.
  effectIsState: true,
  // A rollout, a place on a node and a try to pull.
  bitesWithin: () => seconds(60),
  effectHow: 'A pod that served is no ready endpoint any more (EndpointSlice), or a kubelet could not pull the image for a new pod',
  undoHow:
    'Puts the image back if it is still the broken one, so that the old revision is rolled out again; deletes the pod that a StatefulSet waits for',
  change(workload, { container, image }) {
    const { spec, path, guard } = containerOf(workload, container)
    const broken = image ?? `${repositoryOf(spec.image)}:${TAG}`
    return { edits: [field(workload, `${path}/image`, { value: broken })], guards: [guard] }
  },
  async witness(ref, workload, cluster, context) {
    const pods = (await podsOf(cluster, ref, workload, context)).map(({ metadata }) => metadata.uid)
    const ready = await readyBackends(cluster, { namespace: namespaceOf(ref), pods }, context)
    return { ready, pods, labels: selectedBy(ref, workload).labels }
  },
  effect: whicheverShows,
  async preflight(refs, _spec, context, found) {
    const inTheWay = await workloadsInTheWay(refs, found, { what: 'template' }, context)
    return {
      ...inTheWay,
      needs: [...inTheWay.needs, ...lookNeeds(refs, ['list', 'watch'], KINDS.pod, KINDS.endpointslice)],
    }
  },
})

/** After a failed pull was seen: how long a lost endpoint, which says more, is waited for. */
const PATIENCE = seconds(2)

async function whicheverShows({ ref, cluster, mutation, context }: Scene<Spec>): Promise<EffectSeen> {
  const { ready, pods, labels } = mutation.witness as Before
  const edits = mutation.undo?.edits ?? []
  const own = new AbortController()
  const watching = { ...context, signal: AbortSignal.any([context.signal, own.signal]) }
  const namespace = namespaceOf(ref)
  const old = new Set(pods)
  const isStuck = (pod: K8sObject): boolean => !old.has(pod.metadata.uid) && carries(pod, edits) && waitsFor(pod) !== undefined
  const lost = ready.length === 0 ? undefined : backendsFall(cluster, { namespace }, ready, ready.length - 1, watching)
  const stuck = firstPod(cluster, { namespace, labels }, isStuck, watching).then((seen) => stuckEffect(seen, ready.length))
  try {
    const first = await Promise.race(lost ? [lost, stuck] : [stuck])
    if (!lost || first.level === 'data') return first
    const patience = context.clock.sleep(PATIENCE, context.signal).then(
      () => undefined,
      () => undefined,
    )
    const better = await Promise.race([lost, patience])
    return better?.proven ? better : first
  } finally {
    own.abort()
  }
}

function stuckEffect(seen: PodSeen | undefined, ready: number): EffectSeen {
  if (!seen) return { proven: false, level: 'control', at: null, how: 'no new pod was seen that cannot pull its image' }
  const others = ready === 0 ? 'no service sent traffic to the workload' : 'the pods that served still do, so that no client need notice'
  return { proven: true, level: 'control', at: seen.at, how: `${seen.pod.metadata.name} waits with ${waitsFor(seen.pod)}; ${others}` }
}

/** Why a container of the pod waits for its image; undefined: none does. */
function waitsFor({ status }: K8sObject): string | undefined {
  const statuses = (status?.['containerStatuses'] ?? []) as readonly JsonObject[]
  const reasons = statuses.map(({ state }) => ((state as JsonObject | undefined)?.['waiting'] as JsonObject | undefined)?.['reason'])
  return reasons.find((reason): reason is string => typeof reason === 'string' && NOT_PULLED.has(reason))
}
