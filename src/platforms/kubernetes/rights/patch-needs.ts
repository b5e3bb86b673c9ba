import type { Need } from '../../../contracts/preflight.ts'
import { KINDS, type Kind } from '../api/kinds.ts'
import { kindOf, type ObjectRef } from '../target/target.ts'
import { needs } from './needs.ts'

/** What patching an object and undoing it takes; of a workload, also the revisions and pods that its controller makes of the fault. */
export function patchNeeds({ cluster, kind, namespace, name }: ObjectRef): readonly Need[] {
  const own = needs(['get', 'patch'], { cluster, kind: kindOf({ kind }), namespace, name })
  if (kind === 'deployment') return [...own, ...needs(['list', 'patch'], { cluster, kind: KINDS.replicaset, namespace })]
  if (kind !== 'statefulset' && kind !== 'daemonset') return own
  const revisions = needs(['list', 'patch'], { cluster, kind: KINDS.controllerrevision, namespace })
  return [...own, ...revisions, ...(kind === 'statefulset' ? needs(['list', 'delete'], { cluster, kind: KINDS.pod, namespace }) : [])]
}

/** What looking at these kinds in the namespaces of the targets takes. */
export function lookNeeds(refs: readonly ObjectRef[], verbs: readonly string[], ...kinds: readonly Kind[]): readonly Need[] {
  const places = new Map(refs.map(({ cluster, namespace }) => [`${cluster.server}/${namespace}`, { cluster, namespace }]))
  return [...places.values()].flatMap((place) => kinds.flatMap((kind) => needs(verbs, { ...place, kind })))
}
