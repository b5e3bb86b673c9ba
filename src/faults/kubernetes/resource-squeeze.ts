import { refused } from '../../domain/error.ts'
import type { JsonObject } from '../../domain/json.ts'
import { type Of, object, text } from '../../domain/shape.ts'
import { field } from '../../platforms/kubernetes/change/patch.ts'
import { rolloutReadBack } from '../../platforms/kubernetes/effect/rollout.ts'
import { workloadsInTheWay } from '../../platforms/kubernetes/rights/in-the-way.ts'
import { quantityOf } from '../../platforms/kubernetes/target/quantity.ts'
import { containerOf } from '../../platforms/kubernetes/target/workload.ts'
import { patchFault } from './patch-fault.ts'

const quantity = (doc: string, examples: readonly string[]) =>
  text({ pattern: /^\d+(\.\d+)?(m|k|M|G|T|P|E|Ki|Mi|Gi|Ti|Pi|Ei)?$/, what: 'a quantity as Kubernetes writes it', doc, examples })

const parameters = object(
  {},
  {
    container: text({ pattern: /\S/, what: 'a name', doc: 'Which container. Default: the only one.', examples: ['app'] }),
    cpu: quantity('The limit of processor time.', ['50m']),
    memory: quantity('The limit of memory.', ['64Mi']),
  },
)
type Spec = Of<typeof parameters>

/** Too little of what it needs: throttled, or killed for memory. */
export const kubernetesResourceSqueeze = patchFault<Spec>({
  name: 'kubernetes/resource-squeeze',
  summary: 'Lowers the limits of a container of a workload and rolls that out',
  parameters,
  on: ['deployment', 'statefulset'],
  permissions: ['list horizontalpodautoscalers'],
  effectIsState: false,
  needsProbe: true,
  effectHow: 'Only a probe can see what less of it does; how many pods have the lower limits is reported',
  undoHow: 'Puts requests and limits of the container back exactly as they were, unless somebody else changed them since',
  change(workload, { container, ...limits }) {
    const { spec, path, guard } = containerOf(workload, container)
    const now = (spec.resources ?? {}) as JsonObject
    // All of it is one field: requests that the server fills in from limits go with them.
    return { edits: [field(workload, `${path}/resources`, { value: squeezed(now, limits) })], guards: [guard] }
  },
  effect: ({ ref, cluster, mutation, context }) => rolloutReadBack(cluster, ref, mutation.undo?.edits ?? [], context),
  preflight: (refs, _spec, context, found) => workloadsInTheWay(refs, found, { what: 'template', resources: true }, context),
})

type Quantities = Readonly<Record<string, string | number>>

function squeezed(now: JsonObject, { cpu, memory }: Pick<Spec, 'cpu' | 'memory'>): JsonObject {
  const asked = Object.entries({ cpu, memory }).flatMap(([name, limit]) => (limit === undefined ? [] : [[name, limit] as const]))
  if (asked.length === 0) throw refused('Nothing is to be squeezed: give a limit.', 'NO_LIMIT', ['cpu: 50m', 'memory: 64Mi'])
  const limits: Record<string, string | number> = { ...(now['limits'] as Quantities | undefined) }
  const requests: Record<string, string | number> = { ...(now['requests'] as Quantities | undefined) }
  for (const [name, limit] of asked) {
    const before = limits[name]
    if (before !== undefined && quantityOf(limit) >= quantityOf(before))
      throw refused(`Its limit of ${name} is ${before}: ${limit} takes nothing away.`, 'NOT_LESS', [`${name}: less than ${before}`])
    limits[name] = limit
    const request = requests[name]
    // A request above its limit is no valid pod.
    if (request !== undefined && quantityOf(request) > quantityOf(limit)) requests[name] = limit
  }
  return { ...now, limits, ...(Object.keys(requests).length > 0 && { requests }) }
}
