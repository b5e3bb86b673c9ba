import type { Context } from '../../contracts/context.ts'
import { defineFault, type FaultInput, type Mutation } from '../../contracts/fault.ts'
import type { Preflight } from '../../contracts/preflight.ts'
import { refused } from '../../domain/error.ts'
import { anyJson, choice, count, list, type Of, object, withDefault } from '../../domain/shape.ts'
import type { UndoOutcome, UndoState } from '../../domain/undo.ts'
import { reconnect } from '../../platforms/kubernetes/api/cluster.ts'
import { KINDS } from '../../platforms/kubernetes/api/kinds.ts'
import { escapePointer, type K8sObject } from '../../platforms/kubernetes/api/objects.ts'
import { type CreatedUndo, type Creation, injectCreation, planCreation, undoCreation } from '../../platforms/kubernetes/change/created.ts'
import { createdName } from '../../platforms/kubernetes/change/marks.ts'
import { field } from '../../platforms/kubernetes/change/patch.ts'
import { injectPatch, openPinned, type PatchUndo, planPatch } from '../../platforms/kubernetes/change/patched.ts'
import { undoPatch } from '../../platforms/kubernetes/change/put-back.ts'
import { connectionsFail, type Reachable, reachableNow } from '../../platforms/kubernetes/network/canary.ts'
import {
  DENIABLE,
  DENY_LABEL,
  podSelectorOf,
  podsDenied,
  policyNamespace,
  readTarget,
  refuseOthers,
} from '../../platforms/kubernetes/network/denied.ts'
import { unlessEnforced } from '../../platforms/kubernetes/network/enforcer.ts'
import { whatDefeats } from '../../platforms/kubernetes/network/in-the-way.ts'
import { policySpec } from '../../platforms/kubernetes/network/policy.ts'
import { needs } from '../../platforms/kubernetes/rights/needs.ts'
import { kindOf, labelOf, type ObjectRef, objectOf, PLATFORM } from '../../platforms/kubernetes/target/target.ts'

const peers = (doc: string) =>
  withDefault(
    list(anyJson(), { doc, examples: ['[{podSelector: {matchLabels: {app: monitoring}}}]', '[{ipBlock: {cidr: 10.0.0.0/8}}]'] }),
    [],
  )

const parameters = object({
  direction: withDefault(choice(['ingress', 'egress', 'both'], { doc: 'Which way traffic is denied. Default both.' }), 'both'),
  ports: withDefault(list(count({ min: 1, max: 65_535 }), { doc: 'Only these TCP ports. Default: all traffic.' }), []),
  from: peers('Who may come in all the same, as the peers of a NetworkPolicy.'),
  to: peers('Where may be gone to all the same, as the peers of a NetworkPolicy; of `egress` DNS is denied, too.'),
})
type Spec = Of<typeof parameters>

/** The policy; and of a pod the label that it is known by to the policy. */
type Undo = CreatedUndo & Partial<PatchUndo>

const refOf = (input: FaultInput<Spec>): ObjectRef => objectOf(input.target, ...DENIABLE)

/** A NetworkPolicy that allows nothing, or only what is excepted, on exactly the pods that were picked. */
export const kubernetesNetworkDeny = defineFault<Spec, Undo>({
  name: 'kubernetes/network-deny',
  kind: 'state',
  summary: 'Denies traffic to and from pods, a workload or a namespace by a NetworkPolicy, where the network plugin enforces them',
  platform: PLATFORM,
  parameters,
  takes: { percent: false },
  undoFrom: 'tag',
  effectIsState: false,
  effectHow:
    'Ports of the pods that accepted connections from here accept none any more while the pods are ready. Where pods cannot be reached from here, and of egress, only a probe can tell',
  undoHow: 'Deletes the policy, and takes the label that it knows a pod by off again',
  permissions: [
    'get, create and delete networkpolicies, and list them',
    'get what is denied, and list its pods',
    'patch pods (of kind pod)',
    'list daemonsets (to know the network plugin)',
  ],
  undoVersion: 1,
  async plan(input, context): Promise<Mutation<Undo>> {
    const ref = refOf(input)
    const { cluster, object: target } = await openPinned(ref, context)
    await refuseOthers(ref, target, cluster, context)
    const creation = creationOf(input, target, context)
    const made = await planCreation(creation, input, context)
    if (!made.undo) throw new Error('a policy was planned without an undo')
    const label = ref.kind === 'pod' ? await planPatch(ref, (pod) => ({ edits: [labelEdit(pod, input, context)] }), context) : undefined
    const open = input.spec.direction === 'egress' ? [] : await podsDenied(ref, target, cluster, context)
    return {
      call: [...(label ? [label.call] : []), made.call].join(' && '),
      undo: { ...made.undo, ...label?.undo },
      command: [made.command, ...(label ? [label.command] : [])].join(' && '),
      prior: { uid: ref.uid, podSelector: creation.spec['podSelector'] ?? null },
      witness: await reachableNow(open, input.spec.ports, context),
    }
  },
  async inject(input, mutation, context) {
    context.signal.throwIfAborted()
    const ref = refOf(input)
    const { object: target } = await openPinned(ref, context)
    const { undo } = mutation
    if (undo && isOfPod(undo)) await injectPatch(kubernetesNetworkDeny, input, { ...mutation, undo }, context)
    await injectCreation(kubernetesNetworkDeny, creationOf(input, target, context), input, mutation, context)
  },
  async effect(input, mutation, context) {
    const before = (mutation.witness ?? []) as readonly Reachable[]
    return connectionsFail(before, await reconnect(refOf(input).cluster, context), context)
  },
  async undo(record, context) {
    const policy = await undoCreation(record, context)
    return isOfPod(record) ? together(policy, await undoPatch(record, context)) : policy
  },
  preflight,
})

const isOfPod = (record: Undo): record is CreatedUndo & PatchUndo => record.object !== undefined

const creationOf = (input: FaultInput<Spec>, target: K8sObject, { run }: Context): Creation => {
  const ref = refOf(input)
  const podSelector = podSelectorOf(ref, target, createdName(run, input.token))
  return { cluster: ref.cluster, kind: 'networkpolicy', namespace: policyNamespace(ref), spec: policySpec(podSelector, input.spec) }
}

function labelEdit(pod: K8sObject, input: FaultInput<Spec>, { run }: Context) {
  if (!pod.metadata.labels) throw refused(`${labelOf(refOf(input))} has no labels: a policy cannot know it.`, 'POD_WITHOUT_LABELS')
  return field(pod, `/metadata/labels/${escapePointer(DENY_LABEL)}`, { value: createdName(run, input.token) })
}

/** What stands for two outcomes: the one that a person must know of. */
const GRAVEST: readonly UndoState[] = ['failed', 'drifted', 'undone', 'expired', 'not-injected', 'not-needed']

function together(policy: UndoOutcome, label: UndoOutcome): UndoOutcome {
  const state = GRAVEST.find((each) => each === policy.state || each === label.state) ?? policy.state
  return { state, verified: policy.verified && label.verified, detail: `${policy.detail}; ${label.detail}` }
}

async function preflight(inputs: readonly FaultInput<Spec>[], context: Context): Promise<Preflight> {
  const [first] = inputs
  if (!first) return { refusals: [], warnings: [], needs: [] }
  const refs = inputs.map(refOf)
  const cluster = await reconnect(refOf(first).cluster, context)
  const enforced = await unlessEnforced(cluster, context)
  const byNamespace = [...Map.groupBy(refs, policyNamespace)]
  const found = await Promise.all(
    byNamespace.map(async ([namespace, all]) => {
      const pods = await Promise.all(all.map(async (ref) => podsDenied(ref, await readTarget(ref, cluster, context), cluster, context)))
      return whatDefeats({ namespace, pods: pods.flat(), direction: first.spec.direction }, cluster, context)
    }),
  )
  return {
    refusals: found.flatMap(({ refusals }) => refusals),
    warnings: [...enforced, ...found.flatMap(({ warnings }) => warnings)],
    needs: refs.flatMap(needsOf),
  }
}

function needsOf(ref: ObjectRef): Preflight['needs'] {
  const { cluster, kind, namespace, name } = ref
  const inside = policyNamespace(ref)
  return [
    ...needs(['create', 'get', 'list', 'delete'], { cluster, kind: KINDS.networkpolicy, namespace: inside }),
    ...needs(['get', 'list'], { cluster, kind: KINDS.pod, namespace: inside }),
    ...(kind === 'pod'
      ? needs(['patch'], { cluster, kind: KINDS.pod, namespace: inside, name })
      : needs(['get'], { cluster, kind: kindOf(ref), namespace, name })),
    ...(kind === 'deployment' ? needs(['list'], { cluster, kind: KINDS.replicaset, namespace: inside }) : []),
  ]
}
