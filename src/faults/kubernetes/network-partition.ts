import { choice, type Of, object, withDefault } from '../../domain/shape.ts'
import { chaosFault, toField } from './chaos-fault.ts'

const parameters = object(
  {
    direction: withDefault(
      choice(['to', 'from', 'both'], { doc: 'Traffic that leaves the pods, that comes to them, or both (default).' }),
      'both',
    ),
  },
  { to: toField },
)

/** No peers by selector: Chaos Mesh would act in the peers' pods as well, which nobody picked. */
export const kubernetesNetworkPartition = chaosFault<Of<typeof parameters>>({
  name: 'kubernetes/network-partition',
  summary: 'Cuts pods off from the network, or from some hosts (Chaos Mesh)',
  parameters,
  kind: 'networkchaos',
  network: true,
  harm: ({ direction, to }) => ({ action: 'partition', direction, ...(to && { externalTargets: to }) }),
})
