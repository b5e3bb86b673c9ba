import { type Of, object, text } from '../../domain/shape.ts'
import type { Edit } from '../../platforms/kubernetes/change/patch.ts'
import { field, hiddenField } from '../../platforms/kubernetes/change/patch.ts'
import { rolloutReadBack } from '../../platforms/kubernetes/effect/rollout.ts'
import { workloadsInTheWay } from '../../platforms/kubernetes/rights/in-the-way.ts'
import { containerOf } from '../../platforms/kubernetes/target/workload.ts'
import { patchFault } from './patch-fault.ts'

const parameters = object(
  {
    variable: text({ pattern: /^[^=\s]+$/, what: 'a name without =', doc: 'The environment variable.', examples: ['PAYMENTS_URL'] }),
    value: text({
      doc: 'What it becomes, in plain text. It stands in the plan and the record: no secrets.',
      examples: ['http://127.0.0.1:9'],
    }),
  },
  { container: text({ pattern: /\S/, what: 'a name', doc: 'Which container. Default: the only one.', examples: ['app'] }) },
)
type Spec = Of<typeof parameters>

/** A wrong setting is rolled out. */
export const kubernetesEnvFlip = patchFault<Spec>({
  name: 'kubernetes/env-flip',
  summary: 'Sets an environment variable of a workload to another value and rolls that out',
  parameters,
  on: ['deployment', 'statefulset'],
  permissions: ['list horizontalpodautoscalers'],
  effectIsState: false,
  needsProbe: true,
  effectHow: 'Only a probe can see what the setting does; how many pods have it is reported',
  undoHow: 'Puts the variable back as it was, a reference to a Secret included, or removes it; what it was stands on the object alone',
  change(workload, { container, variable, value }) {
    const { spec, path, guard } = containerOf(workload, container)
    return { edits: [variableEdit(value === '' ? { name: variable } : { name: variable, value })], guards: [guard] }

    function variableEdit(entry: { readonly name: string; readonly value?: string }): Edit {
      const env = spec.env ?? []
      // Of two of the same name the last one counts.
      const index = env.findLastIndex(({ name }) => name === variable)
      // A literal may be a secret, and a reference may name one: neither is read out of the object.
      if (index >= 0) return hiddenField(workload, `${path}/env/${index}`, { value: entry })
      return env.length === 0
        ? field(workload, `${path}/env`, { value: [entry] })
        : { what: 'element', path: `${path}/env`, element: entry }
    }
  },
  effect: ({ ref, cluster, mutation, context }) => rolloutReadBack(cluster, ref, mutation.undo?.edits ?? [], context),
  preflight: (refs, _spec, context, found) => workloadsInTheWay(refs, found, { what: 'template' }, context),
})
