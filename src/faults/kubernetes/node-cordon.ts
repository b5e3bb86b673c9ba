import { object } from '../../domain/shape.ts'
import { field } from '../../platforms/kubernetes/change/patch.ts'
import { patchFault, readBackState } from './patch-fault.ts'

/** No new pod is scheduled on the node; those that are there stay. */
export const kubernetesNodeCordon = patchFault<Record<never, never>>({
  name: 'kubernetes/node-cordon',
  summary: 'Marks a node unschedulable: what runs there stays, nothing new comes',
  parameters: object({}),
  on: ['node'],
  effectIsState: true,
  effectHow: 'The node says that it is unschedulable: that is the fault itself',
  undoHow: 'Makes the node schedulable again if it was before and is still as the drill left it',
  change: (node) => ({ edits: [field(node, '/spec/unschedulable', { value: true })] }),
  effect: (scene) => readBackState(scene, ({ spec }) => spec?.['unschedulable'] === true, 'the node is unschedulable'),
})
