import { duration, type Of, object, withDefault } from '../../domain/shape.ts'
import { chaosFault, goDuration, toField } from './chaos-fault.ts'

const parameters = object(
  {
    latency: duration({ min: 0.001, doc: 'How much later each packet leaves the pods.', examples: ['200ms'] }),
    jitter: withDefault(duration({ doc: 'By how much that varies. Default 0s.', examples: ['20ms'] }), '0s'),
  },
  { to: toField },
)

/** One way only, what leaves the pods: the other way would be delayed in the pods of the others, which nobody picked. */
export const kubernetesNetworkDelay = chaosFault<Of<typeof parameters>>({
  name: 'kubernetes/network-delay',
  summary: 'Delays every packet that leaves pods, to all hosts or to some (Chaos Mesh)',
  parameters,
  kind: 'networkchaos',
  network: true,
  harm: ({ latency, jitter, to }) => ({
    action: 'delay',
    direction: 'to',
    delay: { latency: goDuration(latency), jitter: jitter === 0 ? '0ms' : goDuration(jitter) },
    ...(to && { externalTargets: to }),
  }),
})
