import { type Of, object, percent } from '../../domain/shape.ts'
import { chaosFault, toField } from './chaos-fault.ts'

const parameters = object(
  { loss: percent({ doc: 'The share of packets that is lost on leaving the pods.', examples: ['30%'] }) },
  { to: toField },
)

export const kubernetesNetworkLoss = chaosFault<Of<typeof parameters>>({
  name: 'kubernetes/network-loss',
  summary: 'Loses a share of the packets that leave pods, to all hosts or to some (Chaos Mesh)',
  parameters,
  kind: 'networkchaos',
  network: true,
  harm: ({ loss, to }) => ({
    action: 'loss',
    direction: 'to',
    loss: { loss: String(Number((loss * 100).toFixed(3))) },
    ...(to && { externalTargets: to }),
  }),
})
