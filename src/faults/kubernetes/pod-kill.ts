import { defineFault, type EffectSeen, type FaultInput } from '../../contracts/fault.ts'
import type { Preflight } from '../../contracts/preflight.ts'
import { refused } from '../../domain/error.ts'
import { duration, flag, type Of, object, withDefault } from '../../domain/shape.ts'
import { isConflict } from '../../platforms/kubernetes/api/api-error.ts'
import { reconnect } from '../../platforms/kubernetes/api/cluster.ts'
import { KINDS } from '../../platforms/kubernetes/api/kinds.ts'
import { kubectl } from '../../platforms/kubernetes/change/kubectl.ts'
import { backendsFall } from '../../platforms/kubernetes/effect/endpoints.ts'
import { budgetRefusal, exceededBudgets } from '../../platforms/kubernetes/rights/budgets.ts'
import { needs } from '../../platforms/kubernetes/rights/needs.ts'
import { bareRefusals, onePerNamespace, servingPod } from '../../platforms/kubernetes/rights/pods.ts'
import { labelOf, type ObjectRef, objectOf, PLATFORM } from '../../platforms/kubernetes/target/target.ts'

const parameters = object({
  grace: withDefault(duration({ doc: 'How long the pod may take to end. Default 0s: killed at once, as in a crash.' }), '0s'),
  beyondBudget: withDefault(flag({ doc: 'Also when a PodDisruptionBudget would not allow it: a crash asks nobody.' }), false),
  bare: withDefault(flag({ doc: 'Also pods that nothing makes anew: they are gone for good.' }), false),
})
type Spec = Of<typeof parameters>

const podOf = (input: FaultInput<Spec>): ObjectRef => objectOf(input.target, 'pod')

/** Deletes exactly the pod that was pinned: one of the same name that took its place is never touched. */
export const kubernetesPodKill = defineFault<Spec, null>({
  name: 'kubernetes/pod-kill',
  kind: 'event',
  summary: 'Kills pods at once; whatever owns them makes new ones',
  platform: PLATFORM,
  parameters,
  takes: { percent: false },
  undoFrom: 'here',
  effectIsState: false,
  effectHow: 'The pod is no ready endpoint of any Service any more (EndpointSlice)',
  undoHow: 'An event: its owner makes a new one',
  permissions: ['delete pods', 'list and watch endpointslices', 'list poddisruptionbudgets'],
  undoVersion: 1,
  async plan(input, context) {
    const { cluster, namespace, name, uid, node, owner } = podOf(input)
    const grace = String(Math.round(input.spec.grace))
    const force = input.spec.grace < 1 ? ['--force'] : []
    return {
      call: `${kubectl(cluster, namespace, 'delete', 'pod', name, `--grace-period=${grace}`, ...force)}   # only if its uid is ${uid}`,
      undo: null,
      command: '',
      // What is pinned is read by the call itself: it carries the uid. Reading each of a thousand pods again would prove no more.
      prior: { uid, node: node ?? null, owner: owner ?? null },
      witness: await servingPod(podOf(input), context),
    }
  },
  async inject(input, _mutation, context) {
    context.signal.throwIfAborted()
    const pod = podOf(input)
    const cluster = await reconnect(pod.cluster, context)
    const gone = (): never => {
      throw refused(`${labelOf(pod)} is gone, or is another one by now`, 'TARGET_GONE', ['firedrill plan FILE'])
    }
    const removed = await cluster
      .remove(KINDS.pod, pod.namespace ?? undefined, pod.name, { uid: pod.uid, grace: Math.round(input.spec.grace) }, context)
      .catch((error: unknown) => (isConflict(error) ? gone() : Promise.reject(error)))
    if (!removed) gone()
  },
  async effect(input, mutation, context): Promise<EffectSeen> {
    const pod = podOf(input)
    const before = (mutation.witness ?? []) as readonly string[]
    return backendsFall(await reconnect(pod.cluster, context), { namespace: pod.namespace ?? undefined }, before, 0, context)
  },
  undo: async () => ({ state: 'not-needed', verified: true, detail: 'a killed pod is made anew by its owner' }),
  async preflight(inputs, context): Promise<Preflight> {
    const pods = inputs.map(podOf)
    const [first] = inputs
    const exceeded = first?.spec.beyondBudget ? [] : await exceededBudgets(pods, context)
    return {
      refusals: [...exceeded.map((each) => budgetRefusal(each, 'beyondBudget: true')), ...(first?.spec.bare ? [] : bareRefusals(pods))],
      warnings: [],
      needs: onePerNamespace(pods).flatMap(({ cluster, namespace }) => [
        ...needs(['list', 'delete'], { cluster, kind: KINDS.pod, namespace }),
        ...needs(['list', 'watch'], { cluster, kind: KINDS.endpointslice, namespace }),
        ...needs(['list'], { cluster, kind: KINDS.pdb, namespace }),
      ]),
    }
  },
})
