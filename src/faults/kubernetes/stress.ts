import { refused } from '../../domain/error.ts'
import type { JsonObject } from '../../domain/json.ts'
import { count, type Of, object, percent, size, withDefault } from '../../domain/shape.ts'
import { chaosFault, containersField, inContainers } from './chaos-fault.ts'

const parameters = object(
  { load: withDefault(percent({ doc: 'With `cpu`: how busy each worker is. Default 100%.' }), '100%') },
  {
    cpu: count({ min: 1, doc: 'Workers that burn CPU.', examples: ['2'] }),
    memory: size({ doc: 'Memory that is taken and held, altogether.', examples: ['256MB'] }),
    containers: containersField,
  },
)
type Spec = Of<typeof parameters>

const stressors = ({ cpu, load, memory }: Spec): JsonObject => {
  if (cpu === undefined && memory === undefined)
    throw refused('A stress fault needs cpu, memory or both.', 'STRESS_WHAT', ['cpu: 2', 'memory: 256MB'])
  return {
    ...(cpu !== undefined && { cpu: { workers: cpu, load: Math.round(load * 100) } }),
    ...(memory !== undefined && { memory: { workers: 1, size: `${memory}B` } }),
  }
}

/** It counts against the limits of the container: what is taken there may end in an OOM kill, as it would in life. */
export const kubernetesStress = chaosFault<Spec>({
  name: 'kubernetes/stress',
  summary: 'Burns CPU and holds memory inside of containers (Chaos Mesh)',
  parameters,
  kind: 'stresschaos',
  harm: (spec) => ({ stressors: stressors(spec), ...inContainers(spec.containers) }),
})
