import { refused } from '../../domain/error.ts'
import { object } from '../../domain/shape.ts'
import { KINDS } from '../../platforms/kubernetes/api/kinds.ts'
import { escapePointer } from '../../platforms/kubernetes/api/objects.ts'
import { field } from '../../platforms/kubernetes/change/patch.ts'
import { backendsFall, readyBackends } from '../../platforms/kubernetes/effect/endpoints.ts'
import { needs } from '../../platforms/kubernetes/rights/needs.ts'
import { patchFault } from './patch-fault.ts'

/** A label that no pod has. */
const KEY = 'firedrill/blackhole'

/** The Service selects nothing any more: its name resolves, and nobody is behind it. */
export const kubernetesServiceBlackhole = patchFault<Record<never, never>>({
  name: 'kubernetes/service-blackhole',
  summary: 'Takes every endpoint away from a Service by adding a label to its selector that no pod has',
  parameters: object({}),
  on: ['service'],
  permissions: ['list and watch endpointslices'],
  effectIsState: false,
  effectHow: 'The EndpointSlices of the Service have no ready endpoint left',
  undoHow: 'Removes the label from the selector again, if it is still there as the drill put it',
  change(service) {
    const { type, selector } = (service.spec ?? {}) as { readonly type?: string; readonly selector?: object }
    if (type === 'ExternalName' || selector === undefined)
      throw refused(
        `${service.metadata.name} selects no pods (${type === 'ExternalName' ? type : 'it has no selector'}).`,
        'SERVICE_WITHOUT_SELECTOR',
      )
    return { edits: [field(service, `/spec/selector/${escapePointer(KEY)}`, { value: 'none' })] }
  },
  witness: ({ namespace, name }, _service, cluster, context) =>
    readyBackends(cluster, { namespace: namespace ?? undefined, service: name }, context),
  effect: ({ ref, cluster, mutation, context }) =>
    backendsFall(
      cluster,
      { namespace: ref.namespace ?? undefined, service: ref.name },
      (mutation.witness ?? []) as readonly string[],
      0,
      context,
    ),
  preflight: async (refs) => ({
    refusals: [],
    warnings: [],
    needs: refs.flatMap(({ cluster, namespace }) => needs(['list', 'watch'], { cluster, kind: KINDS.endpointslice, namespace })),
  }),
})
