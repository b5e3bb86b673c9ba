import { refused } from '../../domain/error.ts'
import { type Of, object, text } from '../../domain/shape.ts'
import { escapePointer, type K8sObject } from '../../platforms/kubernetes/api/objects.ts'
import { hiddenField } from '../../platforms/kubernetes/change/patch.ts'
import { refuseWithoutRoom } from '../../platforms/kubernetes/change/room.ts'
import { askAProbe } from '../../platforms/kubernetes/effect/rollout.ts'
import { patchFault, readBackState } from './patch-fault.ts'

const parameters = object({
  key: text({ pattern: /^[-._a-zA-Z0-9]+$/, what: 'a key of the ConfigMap', doc: 'Which entry.', examples: ['settings.yaml'] }),
  value: text({ doc: 'What it becomes, in plain text. It stands in the plan and the record: no secrets.', examples: ['mode: off'] }),
})
type Spec = Of<typeof parameters>

/** A wrong configuration reaches whoever reads it. */
export const kubernetesConfigFlip = patchFault<Spec>({
  name: 'kubernetes/config-flip',
  summary: 'Replaces one entry of a ConfigMap',
  parameters,
  on: ['configmap'],
  effectIsState: false,
  needsProbe: true,
  effectHow: 'Only a probe can see who reads it: volumes follow within a minute or two, environment variables when a pod starts',
  undoHow: 'Puts the entry back if it is still as the drill left it; what it was stands on the object alone',
  change(map, { key, value }) {
    refuseImmutable(map)
    const { [key]: before, ...others } = map.data ?? {}
    if (typeof before !== 'string')
      throw refused(
        `${map.metadata.name} has no entry ${key}.`,
        'CONFIG_KEY',
        Object.keys(others).map((each) => `key: ${each}`),
      )
    refuseWithoutRoom(map, [before, value], 'point the workload at a ConfigMap of the drill’s own: kubernetes/env-flip')
    return { edits: [hiddenField(map, `/data/${escapePointer(key)}`, { value })] }
  },
  async effect(scene) {
    const { key, value } = scene.input.spec
    const how = `${scene.ref.name} says so: volumes follow within a minute or two, environment variables only when a pod starts`
    const seen = await readBackState(scene, ({ data }) => data?.[key] === value, how)
    return askAProbe(seen.how)
  },
})

function refuseImmutable(map: K8sObject): void {
  if ('immutable' in map && map.immutable === true)
    throw refused(`${map.metadata.name} is immutable: it can only be deleted and made anew.`, 'IMMUTABLE')
}
