import type { Context } from '../../contracts/context.ts'
import { defineFault, type EffectSeen, type Fault, type FaultInput } from '../../contracts/fault.ts'
import { refused } from '../../domain/error.ts'
import type { JsonObject } from '../../domain/json.ts'
import { list, text } from '../../domain/shape.ts'
import { formatDuration, type Seconds, seconds } from '../../domain/time.ts'
import { KINDS, type KindName } from '../../platforms/kubernetes/api/kinds.ts'
import { type CreatedUndo, type Creation, injectCreation, planCreation } from '../../platforms/kubernetes/change/created.ts'
import { createdName } from '../../platforms/kubernetes/change/marks.ts'
import { podsOf } from '../../platforms/kubernetes/chaos/pods.ts'
import { chaosPreflight } from '../../platforms/kubernetes/chaos/preflight.ts'
import type { ChaosSeen } from '../../platforms/kubernetes/chaos/status.ts'
import { chaosCommand, undoChaos } from '../../platforms/kubernetes/chaos/undo.ts'
import { INJECTION, injected, untilInjected } from '../../platforms/kubernetes/chaos/wait.ts'
import { labelOf, type ObjectRef, objectOf, PLATFORM } from '../../platforms/kubernetes/target/target.ts'

/** Chaos Mesh takes about a second to inject and as long to recover: what is shorter would be over before it bites. */
const SHORTEST = seconds(5)

export interface ChaosFault<Spec> extends Pick<Fault<Spec>, 'name' | 'summary' | 'parameters'> {
  readonly kind: Extract<KindName, `${string}chaos`>
  /** Of the pods' network: a pod on its node's own network would take the node with it. */
  readonly network?: boolean
  /** Chaos Mesh's DNS server answers for the pods. */
  readonly dns?: boolean
  /** What of the object's spec is not whom, how many and how long. Throws a DrillError (refused) for what contradicts itself. */
  readonly harm: (spec: Spec) => JsonObject
}

/** As Go reads durations; days are unknown there. */
export const goDuration = (length: Seconds): string =>
  Number.isInteger(length) ? `${length}s` : `${Math.max(1, Math.round(length * 1000))}ms`

export const toField = list(text({ pattern: /^[\w.:/-]+$/, what: 'a host name, an address or a network' }), {
  min: 1,
  doc: 'Only traffic to these: names, addresses, networks, with a port or without. Default: all of it.',
  examples: ['[redis.shop, 10.0.0.0/8]'],
})
export const containersField = list(text({ pattern: /^[a-z0-9-]+$/, what: 'the name of a container' }), {
  min: 1,
  doc: 'Only in these containers. Default: the first of each pod.',
  examples: ['[app]'],
})

/** The chosen containers, where an experiment names them. */
export const inContainers = (containers: readonly string[] | undefined): JsonObject =>
  containers === undefined ? {} : { containerNames: containers }

/**
 * A fault that Chaos Mesh carries out: one object for each target, which names the target's pods one by one. Chaos Mesh picks once, at the
 * start, so a selector would reach no more than that, only strangers with the same labels.
 */
export function chaosFault<Spec>({ kind, network = false, dns = false, harm, ...about }: ChaosFault<Spec>): Fault<Spec, CreatedUndo> {
  const refOf = (input: FaultInput<Spec>): ObjectRef => objectOf(input.target, 'pod', 'deployment', 'statefulset')
  const creationOf = async (input: FaultInput<Spec>, context: Context): Promise<Creation> => {
    const ref = refOf(input)
    const pods = await podsOf(ref, context)
    const shared = network ? pods.filter(({ hostNetwork }) => hostNetwork) : []
    if (shared.length > 0)
      throw refused(`${labelOf(ref)} uses its node's network (${shared[0]?.name}), so all of the node would be hit.`, 'HOST_NETWORK')
    return {
      cluster: ref.cluster,
      kind,
      namespace: ref.namespace,
      spec: specOf(
        ref,
        pods.map(({ name }) => name),
        input,
        harm,
      ),
    }
  }
  const fault: Fault<Spec, CreatedUndo> = defineFault<Spec, CreatedUndo>({
    ...about,
    kind: 'expiring',
    platform: PLATFORM,
    takes: { percent: false },
    composes: true,
    undoFrom: 'self',
    effectIsState: false,
    needsProbe: true,
    effectHow: 'Only a probe of the experiment sees it bite; Chaos Mesh says that it injected it, which is told and proves nothing',
    undoHow: `Deletes the ${KINDS[kind].kind} and waits until Chaos Mesh has taken it back; it ends by itself up to ${INJECTION} s after \`for\``,
    permissions: [
      `create, get, list, watch and delete ${KINDS[kind].plural}.chaos-mesh.org`,
      'get the target, list its pods and replicasets',
    ],
    undoVersion: 1,
    async plan(input, context) {
      const mutation = await planCreation(await creationOf(input, context), input, context)
      const command = mutation.undo ? chaosCommand(mutation.undo) : mutation.command
      // Its pods come and go; which they are is decided when it is injected.
      return { ...mutation, command, prior: { uid: refOf(input).uid } }
    },
    async inject(input, mutation, context) {
      context.signal.throwIfAborted()
      await injectCreation(fault, await creationOf(input, context), input, mutation, context)
      await injected(placeOf(refOf(input), kind, input, context), context)
    },
    async effect(input, _mutation, context): Promise<EffectSeen> {
      const seen = await untilInjected(placeOf(refOf(input), kind, input, context), context)
      return { proven: false, level: 'control', at: null, how: `${said(seen)}: name a probe that sees it bite, effect: {probe: NAME}` }
    },
    undo: undoChaos,
    preflight: (inputs, context) => chaosPreflight(inputs.map(refOf), kind, dns, context),
  })
  return fault
}

function specOf<Spec>(
  { namespace }: ObjectRef,
  pods: readonly string[],
  input: FaultInput<Spec>,
  harm: ChaosFault<Spec>['harm'],
): JsonObject {
  const place = namespace ?? ''
  return {
    ...harm(input.spec),
    mode: 'all',
    selector: { namespaces: [place], pods: { [place]: pods } },
    // It counts from the object's creation: what the injection may take comes on top, or the fault would be shorter than it was asked to be.
    duration: goDuration(seconds(Math.ceil(lengthOf(input) + INJECTION))),
  }
}

function lengthOf<Spec>({ for: length, longest }: FaultInput<Spec>): Seconds {
  const asked = length ?? longest
  if (asked < SHORTEST)
    throw refused(
      `Chaos Mesh takes about a second to inject and to recover: ${formatDuration(asked)} is too short for it.`,
      'FOR_TOO_SHORT',
      [`for: ${formatDuration(SHORTEST)}   or longer`],
    )
  return asked
}

const placeOf = <Spec>({ cluster, namespace }: ObjectRef, kind: KindName, { token }: FaultInput<Spec>, { run }: Context): CreatedUndo => ({
  cluster,
  kind,
  namespace,
  name: createdName(run, token),
})

function said(seen: ChaosSeen | undefined): string {
  if (!seen) return 'Chaos Mesh has nothing of this fault'
  const { injected: all, injectedRecords, records, failures } = seen
  if (all) return `Chaos Mesh says that ${records.length} of ${records.length} are injected (${records.join(', ')})`
  const why = failures.length === 0 ? '' : ` (${failures.join('; ')})`
  return records.length === 0
    ? 'Chaos Mesh has selected no pod'
    : `Chaos Mesh says that ${injectedRecords} of ${records.length} are injected${why}`
}
