import { refused } from '../../domain/error.ts'
import type { JsonObject } from '../../domain/json.ts'
import { choice, type Of, object, withDefault } from '../../domain/shape.ts'
import type { K8sObject } from '../../platforms/kubernetes/api/objects.ts'
import { field } from '../../platforms/kubernetes/change/patch.ts'
import { scaledObjectOf } from '../../platforms/kubernetes/rights/in-the-way.ts'
import { patchFault, readBackState } from './patch-fault.ts'

const parameters = object({
  direction: withDefault(choice(['up', 'down', 'both'], { doc: 'Which way it no longer scales. Default both.' }), 'both'),
})
type Spec = Of<typeof parameters>

const SIDES = { up: ['scaleUp'], down: ['scaleDown'], both: ['scaleUp', 'scaleDown'] } as const

/** The autoscaler decides and does nothing: capacity stays as it is whatever the load. */
export const kubernetesHpaFreeze = patchFault<Spec>({
  name: 'kubernetes/hpa-freeze',
  summary: 'Keeps a HorizontalPodAutoscaler from scaling up, down or both',
  parameters,
  on: ['hpa'],
  effectIsState: true,
  effectHow: 'The autoscaler says that its policy is Disabled: that is the fault itself',
  undoHow: 'Puts its behavior back exactly as it was, or removes it where there was none, unless somebody else changed it since',
  change(hpa, { direction }) {
    const keda = scaledObjectOf(hpa)
    if (keda !== undefined)
      throw refused(
        `${hpa.metadata.name} belongs to the ScaledObject ${keda}, and KEDA would write it again: pause that one instead.`,
        'KEDA',
        [`kubectl annotate scaledobject ${keda} autoscaling.keda.sh/paused=true`],
      )
    const now = (hpa.spec?.['behavior'] ?? {}) as JsonObject
    const frozen = SIDES[direction].map((side) => [side, { ...(now[side] as JsonObject | undefined), selectPolicy: 'Disabled' }])
    return { edits: [field(hpa, '/spec/behavior', { value: { ...now, ...(Object.fromEntries(frozen) as JsonObject) } })] }
  },
  effect: (scene) =>
    readBackState(
      scene,
      (hpa) => SIDES[scene.input.spec.direction].every((side) => policyOf(hpa, side) === 'Disabled'),
      `the autoscaler does not scale ${scene.input.spec.direction === 'both' ? 'up or down' : scene.input.spec.direction}`,
      limitsOf,
    ),
})

const policyOf = ({ spec }: K8sObject, side: string): unknown =>
  ((spec?.['behavior'] as JsonObject | undefined)?.[side] as JsonObject | undefined)?.['selectPolicy']

type Status = {
  readonly currentReplicas?: number
  readonly desiredReplicas?: number
  readonly conditions?: readonly { readonly type: string; readonly status: string; readonly reason?: string }[]
}

/** What it would do now if it could. */
function limitsOf({ status = {} }: K8sObject): string {
  const { currentReplicas: current = 0, desiredReplicas: desired = 0, conditions = [] } = status as Status
  const limited = conditions.find(({ type, status: is }) => type === 'ScalingLimited' && is === 'True')
  return [
    ...(current === desired ? [] : [`it has ${current} pods and wants ${desired}`]),
    ...(limited ? [`it is limited: ${limited.reason ?? 'it does not say by what'}`] : []),
  ].join(', ')
}
