import type { Context } from '../../contracts/context.ts'
import { defineFault, type Fault } from '../../contracts/fault.ts'
import type { Preflight } from '../../contracts/preflight.ts'
import { refused } from '../../domain/error.ts'
import { choice, flag, type Of, object, text, withDefault } from '../../domain/shape.ts'
import { seconds } from '../../domain/time.ts'
import { reconnect } from '../../platforms/kubernetes/api/cluster.ts'
import { KINDS } from '../../platforms/kubernetes/api/kinds.ts'
import type { K8sObject } from '../../platforms/kubernetes/api/objects.ts'
import { kubectl } from '../../platforms/kubernetes/change/kubectl.ts'
import { EXPIRES_LABEL, RUN_LABEL, UNDO_ANNOTATION } from '../../platforms/kubernetes/change/marks.ts'
import type { PatchUndo } from '../../platforms/kubernetes/change/patched.ts'
import { backendsFall, readyPods } from '../../platforms/kubernetes/effect/endpoints.ts'
import { budgetRefusal, exceededBudgets } from '../../platforms/kubernetes/rights/budgets.ts'
import { needs } from '../../platforms/kubernetes/rights/needs.ts'
import { bareRefusals, named } from '../../platforms/kubernetes/rights/pods.ts'
import {
  isBare,
  isFinished,
  isMirror,
  isOfDaemonSet,
  podsOn,
  type Taint,
  taintsOf,
  tolerates,
} from '../../platforms/kubernetes/target/on-node.ts'
import { type ObjectRef, objectOf, targetOf } from '../../platforms/kubernetes/target/target.ts'
import { patchFault, readBackState } from './patch-fault.ts'

const NAME = /^([a-z0-9]([a-z0-9.-]*[a-z0-9])?\/)?[A-Za-z0-9]([\w.-]{0,61}[A-Za-z0-9])?$/

const parameters = object(
  {
    taint: withDefault(
      choice(['NoExecute', 'NoSchedule', 'PreferNoSchedule'], {
        doc: 'What it does to pods that do not tolerate it: evicts them without asking budgets (default), or keeps new ones away.',
      }),
      'NoExecute',
    ),
    beyondBudget: withDefault(
      flag({ doc: 'Also when a PodDisruptionBudget would not allow what NoExecute evicts: a taint asks nobody.' }),
      false,
    ),
    bare: withDefault(flag({ doc: 'Also when NoExecute evicts pods that nothing makes anew: they are gone for good.' }), false),
  },
  {
    key: text({
      pattern: NAME,
      what: 'a key of a taint',
      doc: 'Its key, for pods that tolerate this one. Default: one that nothing tolerates by name, firedrill/RUN.',
      examples: ['maintenance'],
    }),
    value: text({ pattern: /^[A-Za-z0-9]([\w.-]{0,61}[A-Za-z0-9])?$/, what: 'a value of a taint', doc: 'Its value. Default: none.' }),
  },
)
type Spec = Of<typeof parameters>

const taintOf = ({ taint, key, value }: Spec, run: string): Taint => ({
  key: key ?? `firedrill/${run}`,
  ...(value !== undefined && { value }),
  effect: taint,
})

function check(node: K8sObject, { key, effect }: Taint): void {
  // The node-lifecycle controller owns these and takes away what it did not set.
  if (key.startsWith('node.kubernetes.io/') || key.startsWith('node.cloudprovider.kubernetes.io/'))
    throw refused(`The taint key ${key} belongs to the cluster's own controllers, which remove it again.`, 'TAINT_KEY', ['key: NAME'])
  if (taintsOf(node).some((each) => each.key === key && each.effect === effect))
    throw refused(`node ${node.metadata.name} has a taint ${key}:${effect} already.`, 'ALREADY_SO', ['key: NAME   another one'])
}

const tainted = patchFault<Spec>({
  name: 'kubernetes/node-taint',
  summary: 'Taints a node: pods that do not tolerate it leave at once, or no new ones come',
  parameters,
  on: ['node'],
  permissions: ['list pods of all namespaces', 'list and watch endpointslices', 'list poddisruptionbudgets'],
  // Of NoSchedule the taint is all there is; of NoExecute only an endpoint that is gone counts, see effect.
  effectIsState: true,
  // Controllers take one pod after the other off the node.
  bitesWithin: ({ taint }) => seconds(taint === 'NoExecute' ? 30 : 0),
  effectHow:
    'NoExecute: none of the pods that do not tolerate it is a ready endpoint any more (EndpointSlice). Otherwise the node has the taint: that is the fault itself',
  undoHow: 'Removes exactly this taint again, whatever other taints came and went; evicted pods stay where they were made anew',
  change(node, spec, run) {
    const element = taintOf(spec, run)
    check(node, element)
    return { edits: [{ what: 'element', path: '/spec/taints', element }] }
  },
  async witness(ref, _node, cluster, context, spec) {
    if (spec.taint !== 'NoExecute') return []
    const [pods, ready] = await Promise.all([evictedBy(ref, spec, context), readyPods(cluster, undefined, context)])
    return pods.map(({ metadata }) => metadata.uid).filter((uid) => ready.has(uid))
  },
  effect(scene) {
    const { input, mutation, cluster, context } = scene
    if (input.spec.taint === 'NoExecute') return backendsFall(cluster, {}, (mutation.witness ?? []) as readonly string[], 0, context)
    const { key, effect } = taintOf(input.spec, context.run)
    const has = (node: K8sObject): boolean => taintsOf(node).some((each) => each.key === key && each.effect === effect)
    return readBackState(scene, has, `the node has the taint ${key}:${effect}`)
  },
  async preflight(refs, spec, context) {
    const needed = refs.flatMap(({ cluster }) => [
      ...needs(['list'], { cluster, kind: KINDS.pod, namespace: null }),
      ...needs(['list'], { cluster, kind: KINDS.pdb, namespace: null }),
      ...needs(['list', 'watch'], { cluster, kind: KINDS.endpointslice, namespace: null }),
    ])
    if (spec.taint !== 'NoExecute') return { refusals: [], warnings: [], needs: needed }
    const found = await Promise.all(refs.map(async (ref) => ({ ref, pods: await evictedBy(ref, spec, context) })))
    return { ...(await whatLeaves(found, spec, context)), needs: needed }
  },
})

/** Names the kubectl command, too: the taint is known by its key and effect. */
export const kubernetesNodeTaint: Fault<Spec, PatchUndo> = defineFault<Spec, PatchUndo>({
  ...tainted,
  async plan(input, context) {
    const { cluster, name } = objectOf(input.target, 'node')
    const { key, effect } = taintOf(input.spec, context.run)
    const mutation = await tainted.plan(input, context)
    const command = [
      kubectl(cluster, null, 'taint', 'node', name, `${key}:${effect}-`),
      kubectl(cluster, null, 'label', 'node', name, `${RUN_LABEL}-`, `${EXPIRES_LABEL}-`),
      kubectl(cluster, null, 'annotate', 'node', name, `${UNDO_ANNOTATION}-`),
    ].join(' && ')
    return { ...mutation, command }
  },
})

/** Pods that NoExecute takes off the node at once. */
async function evictedBy({ cluster: ref, name }: ObjectRef, spec: Spec, context: Context): Promise<readonly K8sObject[]> {
  const taint = taintOf(spec, context.run)
  const pods = await podsOn(name, await reconnect(ref, context), context)
  return pods.filter((pod) => !isFinished(pod) && !isMirror(pod) && !tolerates(pod, taint))
}

interface Leaving {
  readonly ref: ObjectRef
  readonly pods: readonly K8sObject[]
}

async function whatLeaves(found: readonly Leaving[], spec: Spec, context: Context): Promise<Pick<Preflight, 'refusals' | 'warnings'>> {
  const refsOf = (isSo: (pod: K8sObject) => boolean): readonly ObjectRef[] =>
    found.flatMap(({ ref, pods }) => pods.filter(isSo).map((pod) => targetOf(ref.cluster, 'pod', pod).data as unknown as ObjectRef))
  const exceeded = spec.beyondBudget
    ? []
    : await exceededBudgets(
        refsOf((pod) => !isOfDaemonSet(pod)),
        context,
      )
  return {
    refusals: [...exceeded.map((each) => budgetRefusal(each, 'beyondBudget: true')), ...(spec.bare ? [] : bareRefusals(refsOf(isBare)))],
    warnings: found.flatMap(({ ref, pods }) => {
      const owned = pods.filter(isOfDaemonSet).map(({ metadata }) => `${metadata.namespace}/${metadata.name}`)
      if (owned.length === 0) return []
      const breaks = 'If the network or storage of the node is among them, what stays on it breaks.'
      return [
        {
          code: 'DAEMONSETS_LEAVE',
          text: `On node ${ref.name} pods of DaemonSets do not tolerate it and are evicted, too: ${named(owned)}. ${breaks}`,
        },
      ]
    }),
  }
}
