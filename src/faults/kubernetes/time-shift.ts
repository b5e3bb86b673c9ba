import { choice, list, type Of, object, text, withDefault } from '../../domain/shape.ts'
import { chaosFault, containersField, inContainers } from './chaos-fault.ts'

const CLOCKS = ['CLOCK_REALTIME', 'CLOCK_MONOTONIC', 'CLOCK_BOOTTIME'] as const

const parameters = object(
  {
    offset: text({
      pattern: /^[-+]?(?:\d+(?:\.\d+)?(?:ms|[smh]))+$/,
      what: 'a length of time, with a - for the past',
      doc: 'How far the clock is off.',
      examples: ['-10m', '1h'],
    }),
    clocks: withDefault(list(choice(CLOCKS), { min: 1, doc: 'Which clocks. Default: the wall clock.' }), ['CLOCK_REALTIME']),
  },
  { containers: containersField },
)

export const kubernetesTimeShift = chaosFault<Of<typeof parameters>>({
  name: 'kubernetes/time-shift',
  summary: 'Shifts the clock that processes in containers see (Chaos Mesh)',
  parameters,
  kind: 'timechaos',
  harm: ({ offset, clocks, containers }) => ({ timeOffset: offset.replace(/^\+/, ''), clockIds: clocks, ...inContainers(containers) }),
})
