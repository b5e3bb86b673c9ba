import type { Context } from '../../contracts/context.ts'
import { defineFault, type EffectSeen, type FaultInput } from '../../contracts/fault.ts'
import type { Preflight } from '../../contracts/preflight.ts'
import { refused } from '../../domain/error.ts'
import { choice, list, type Of, object, withDefault } from '../../domain/shape.ts'
import { seconds } from '../../domain/time.ts'
import { kindOfResource, RESOURCES, type Resource, whyRefused } from '../../platforms/kubernetes/admission/canary.ts'
import { ownUser, WEBHOOK, webhookOf } from '../../platforms/kubernetes/admission/webhook.ts'
import { type Cluster, reconnect } from '../../platforms/kubernetes/api/cluster.ts'
import { KINDS } from '../../platforms/kubernetes/api/kinds.ts'
import { type CreatedUndo, type Creation, injectCreation, planCreation, undoCreation } from '../../platforms/kubernetes/change/created.ts'
import { createdName } from '../../platforms/kubernetes/change/marks.ts'
import { openPinned } from '../../platforms/kubernetes/change/patched.ts'
import { needs } from '../../platforms/kubernetes/rights/needs.ts'
import { labelOf, type ObjectRef, objectOf, PLATFORM } from '../../platforms/kubernetes/target/target.ts'

const parameters = object({
  resources: withDefault(
    list(choice(RESOURCES), { min: 1, doc: 'What cannot be written. Default: pods.', examples: ['[pods]', '[deployments, services]'] }),
    ['pods'],
  ),
  operations: withDefault(
    list(choice(['CREATE', 'UPDATE', 'DELETE']), {
      min: 1,
      doc: 'What cannot be done to them. Default: CREATE.',
      examples: ['[CREATE, UPDATE]'],
    }),
    ['CREATE'],
  ),
})
type Spec = Of<typeof parameters>

const POLL = seconds(0.05)
const SYSTEM = new Set(['kube-system', 'kube-public', 'kube-node-lease'])

function namespaceOf(input: FaultInput<Spec>): ObjectRef {
  const ref = objectOf(input.target, 'namespace')
  if (SYSTEM.has(ref.name)) throw refused(`${labelOf(ref)} is what the cluster itself runs by.`, 'SYSTEM_NAMESPACE', ['name: another one'])
  return ref
}

/** Admission fails as it does when a webhook's pods are gone: whoever makes pods gets an error, and what is there runs on. */
export const kubernetesAdmissionFail = defineFault<Spec, CreatedUndo>({
  name: 'kubernetes/admission-fail',
  kind: 'state',
  summary:
    'Lets the creation of pods (or other writes) in a namespace fail, as a broken admission webhook does; firedrill itself is exempt',
  platform: PLATFORM,
  parameters,
  takes: { percent: false },
  undoFrom: 'tag',
  effectIsState: false,
  effectHow:
    'The API server refuses to create such an object, tried without keeping it, for the webhook cannot be called. Without CREATE only a probe can tell',
  undoHow: 'Deletes the webhook configuration, which no webhook can keep anybody from',
  permissions: [
    'create, get and delete validatingwebhookconfigurations',
    'get the namespace',
    'create what is made to fail (tried without keeping it)',
  ],
  undoVersion: 1,
  async plan(input, context) {
    const ref = namespaceOf(input)
    const { cluster } = await openPinned(ref, context)
    const mutation = await planCreation(await creationOf(input, cluster, context), input, context)
    return { ...mutation, prior: { uid: ref.uid }, witness: await lookBefore(input, cluster, context) }
  },
  async inject(input, mutation, context) {
    context.signal.throwIfAborted()
    const ref = namespaceOf(input)
    const { cluster } = await openPinned(ref, context)
    await injectCreation(kubernetesAdmissionFail, await creationOf(input, cluster, context), input, mutation, context)
  },
  async effect(input, mutation, context): Promise<EffectSeen> {
    const unseen = (how: string): EffectSeen => ({ proven: false, level: 'data', at: null, how })
    if (typeof mutation.witness === 'string') return unseen(`${mutation.witness}: name a probe that sees it, effect: {probe: NAME}`)
    const ref = namespaceOf(input)
    const cluster = await reconnect(ref.cluster, context)
    const resource = canaryOf(input.spec)
    for (let lo: number = context.clock.now(); !context.signal.aborted; ) {
      const looked = context.clock.now()
      const why = await whyRefused(resource, ref.name, cluster, context).catch(() => undefined)
      if (why?.includes(`failed calling webhook "${WEBHOOK}"`) === true)
        return {
          proven: true,
          level: 'data',
          at: { lo, hi: context.clock.now() },
          how: `creating ${resource} in ${ref.name} is refused: ${WEBHOOK} cannot be called`,
        }
      if (why === undefined) lo = looked
      await context.clock.sleep(POLL, context.signal).catch(() => undefined)
    }
    return unseen(`creating ${resource} in ${ref.name} is still accepted`)
  },
  undo: undoCreation,
  preflight,
})

const canaryOf = ({ resources }: Spec): Resource => resources[0] ?? 'pods'

async function creationOf(input: FaultInput<Spec>, cluster: Cluster, context: Context): Promise<Creation> {
  const { cluster: ref, name: namespace } = namespaceOf(input)
  const { resources, operations } = input.spec
  const user = await ownUser(cluster, context)
  // By that name nobody has a Service: it is this very step's.
  const service = createdName(context.run, input.token)
  return { cluster: ref, kind: 'validatingwebhook', namespace: null, spec: webhookOf({ namespace, resources, operations, user, service }) }
}

/** null: it is accepted as things are. Else why a refusal would prove nothing. */
async function lookBefore(input: FaultInput<Spec>, cluster: Cluster, context: Context): Promise<string | null> {
  if (!input.spec.operations.includes('CREATE')) return 'only creating can be tried without effect'
  const resource = canaryOf(input.spec)
  const why = await whyRefused(resource, namespaceOf(input).name, cluster, context)
  return why === undefined ? null : `creating ${resource} was refused before the fault (${why})`
}

async function preflight(inputs: readonly FaultInput<Spec>[]): Promise<Preflight> {
  return {
    refusals: [],
    warnings: [],
    needs: inputs.flatMap((input) => {
      const { cluster, name } = namespaceOf(input)
      return [
        ...needs(['create', 'get', 'delete'], { cluster, kind: KINDS.validatingwebhook, namespace: null }),
        ...needs(['get'], { cluster, kind: KINDS.namespace, namespace: null, name }),
        ...needs(['create'], { cluster, kind: kindOfResource(canaryOf(input.spec)), namespace: name }),
      ]
    }),
  }
}
