import type { Need } from '../../../contracts/preflight.ts'
import { KINDS } from '../api/kinds.ts'
import { needs } from '../rights/needs.ts'
import { judgeOf } from './judge/judges.ts'
import { type Asked, nameOf, type Watched } from './questions.ts'

/** The rights that a watch uses: of one object where it is one. */
export function watchNeeds(watched: Watched): readonly Need[] {
  const { kind, query } = judgeOf(watched)
  const name = /^metadata\.name=(.+)$/.exec(query.fields ?? '')?.[1]
  return needs(['list', 'watch'], {
    cluster: nameOf(watched),
    kind,
    namespace: query.namespace ?? null,
    ...(name !== undefined && { name }),
  })
}

/** The rights that a request uses. Everybody who is known may ask for the health of the API server. */
export function askNeeds(asked: Asked): readonly Need[] {
  const { namespace = null } = asked
  const cluster = nameOf(asked)
  switch (asked.kind) {
    case 'endpoints':
      return needs(['list'], { cluster, kind: KINDS.endpointslice, namespace })
    case 'workload':
      return needs(['get'], { cluster, kind: KINDS[asked.spec.kind], namespace, name: asked.spec.name })
    case 'node':
      return needs(['get'], { cluster, kind: KINDS.node, namespace: null, name: asked.spec.name })
    case 'api':
      return []
  }
}
