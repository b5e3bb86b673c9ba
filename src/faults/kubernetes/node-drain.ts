import type { Context } from '../../contracts/context.ts'
import { defineFault, type FaultInput } from '../../contracts/fault.ts'
import type { Preflight } from '../../contracts/preflight.ts'
import { duration, flag, type Of, object, withDefault } from '../../domain/shape.ts'
import { formatDuration, seconds } from '../../domain/time.ts'
import { type Cluster, reconnect } from '../../platforms/kubernetes/api/cluster.ts'
import { KINDS } from '../../platforms/kubernetes/api/kinds.ts'
import type { K8sObject } from '../../platforms/kubernetes/api/objects.ts'
import { evictAll } from '../../platforms/kubernetes/change/evict.ts'
import { kubectl } from '../../platforms/kubernetes/change/kubectl.ts'
import { field } from '../../platforms/kubernetes/change/patch.ts'
import { injectPatch, type PatchUndo, planPatch } from '../../platforms/kubernetes/change/patched.ts'
import { undoPatch } from '../../platforms/kubernetes/change/put-back.ts'
import { backendsFall, readyPods } from '../../platforms/kubernetes/effect/endpoints.ts'
import { budgetWarning, exceededBudgets } from '../../platforms/kubernetes/rights/budgets.ts'
import { needs } from '../../platforms/kubernetes/rights/needs.ts'
import { named } from '../../platforms/kubernetes/rights/pods.ts'
import { type Drained, drained } from '../../platforms/kubernetes/target/on-node.ts'
import { type ObjectRef, objectOf, PLATFORM, targetOf } from '../../platforms/kubernetes/target/target.ts'

const parameters = object({
  wait: withDefault(duration({ doc: 'How long to ask again while PodDisruptionBudgets refuse. Default 60s.' }), '60s'),
  emptyDir: withDefault(flag({ doc: 'Also pods with emptyDir volumes, whose content is lost.' }), false),
  bare: withDefault(flag({ doc: 'Also pods that nothing makes anew: they are gone for good.' }), false),
})
type Spec = Of<typeof parameters>

const nodeOf = (input: FaultInput<Spec>): ObjectRef => objectOf(input.target, 'node')

/** What `kubectl drain` does, and undone what `kubectl uncordon` does: the pods are made anew elsewhere and do not come back by themselves. */
export const kubernetesNodeDrain = defineFault<Spec, PatchUndo>({
  name: 'kubernetes/node-drain',
  kind: 'state',
  summary: 'Marks a node unschedulable and evicts its pods, as an upgrade does; PodDisruptionBudgets may refuse',
  platform: PLATFORM,
  parameters,
  takes: { percent: false },
  undoFrom: 'tag',
  effectIsState: false,
  // The endpoints go a moment after the last eviction is granted.
  bitesWithin: ({ wait }) => seconds(wait + 15),
  effectHow: 'None of the pods that were on the node and had to leave is a ready endpoint of any Service any more (EndpointSlice)',
  undoHow: 'Makes the node schedulable again if it is still as the drill left it; pods stay where they were made anew',
  permissions: [
    'get and patch nodes',
    'list and get pods of all namespaces',
    'create pods/eviction',
    'list poddisruptionbudgets',
    'list and watch endpointslices',
  ],
  undoVersion: 1,
  async plan(input, context) {
    const ref = nodeOf(input)
    const cluster = await reconnect(ref.cluster, context)
    const mutation = await planPatch(ref, (node) => ({ edits: [field(node, '/spec/unschedulable', { value: true })] }), context)
    return { ...mutation, call: drainCommand(ref, input.spec), witness: await servingPods(ref, input.spec, cluster, context) }
  },
  async inject(input, mutation, context) {
    const ref = nodeOf(input)
    await injectPatch(kubernetesNodeDrain, input, mutation, context)
    const cluster = await reconnect(ref.cluster, context)
    // Read after nothing new can come.
    const { leave } = await drained(ref.name, input.spec, cluster, context)
    await evictAll(cluster, refsOf(ref, leave), input.spec.wait, context)
  },
  async effect(input, mutation, context) {
    const { cluster } = nodeOf(input)
    return backendsFall(await reconnect(cluster, context), {}, (mutation.witness ?? []) as readonly string[], 0, context)
  },
  undo: undoPatch,
  async preflight(inputs, context): Promise<Preflight> {
    const found = await Promise.all(inputs.map((input) => look(input, context)))
    const leave = found.flatMap(({ node, leave: pods }) => refsOf(node, pods))
    return {
      refusals: [],
      warnings: [...(await exceededBudgets(leave, context)).map(budgetWarning), ...found.flatMap(stayWarnings)],
      needs: inputs.map(nodeOf).flatMap(needsOf),
    }
  },
})

async function look(input: FaultInput<Spec>, context: Context) {
  const node = nodeOf(input)
  return { node, ...(await drained(node.name, input.spec, await reconnect(node.cluster, context), context)) }
}

const refsOf = ({ cluster }: ObjectRef, pods: readonly K8sObject[]): readonly ObjectRef[] =>
  pods.map((pod) => targetOf(cluster, 'pod', pod).data as unknown as ObjectRef)

const drainCommand = ({ cluster, name }: ObjectRef, { wait, emptyDir, bare }: Spec): string =>
  kubectl(
    cluster,
    null,
    'drain',
    name,
    '--ignore-daemonsets',
    ...(wait > 0 ? [`--timeout=${formatDuration(wait)}`] : []),
    ...(emptyDir ? ['--delete-emptydir-data'] : []),
    ...(bare ? ['--force'] : []),
  )

/** Uids of pods that services send traffic to and that will have to leave. */
async function servingPods({ name }: ObjectRef, spec: Spec, cluster: Cluster, context: Context): Promise<readonly string[]> {
  const [{ leave }, ready] = await Promise.all([drained(name, spec, cluster, context), readyPods(cluster, undefined, context)])
  return leave.map(({ metadata }) => metadata.uid).filter((uid) => ready.has(uid))
}

/** What stays serves on: the node is not as empty as its name in the plan says. */
function stayWarnings({ node, stay }: Drained & { readonly node: ObjectRef }): Preflight['warnings'] {
  const reasons = { bare: 'nothing makes them anew (bare: true)', emptyDir: 'their emptyDir would be lost (emptyDir: true)' }
  return (['bare', 'emptyDir'] as const).flatMap((why) => {
    const names = stay.filter((each) => each.why === why).map(({ pod: { metadata } }) => `${metadata.namespace}/${metadata.name}`)
    return names.length === 0 ? [] : [{ code: 'PODS_STAY', text: `On node ${node.name} stay ${named(names)}: ${reasons[why]}.` }]
  })
}

const needsOf = ({ cluster, name }: ObjectRef): Preflight['needs'] => [
  ...needs(['get', 'patch'], { cluster, kind: KINDS.node, namespace: null, name }),
  ...needs(['get', 'list'], { cluster, kind: KINDS.pod, namespace: null }),
  ...needs(['create'], { cluster, kind: KINDS.pod, subresource: 'eviction', namespace: null }),
  ...needs(['list'], { cluster, kind: KINDS.pdb, namespace: null }),
  ...needs(['list', 'watch'], { cluster, kind: KINDS.endpointslice, namespace: null }),
]
