import type { Need } from '../../../contracts/preflight.ts'
import type { ClusterName } from '../api/access.ts'
import type { Kind } from '../api/kinds.ts'
import { PLATFORM } from '../target/target.ts'

/** What a right is on, in the API's own terms. */
export type Right = {
  readonly cluster: ClusterName
  readonly verb: string
  readonly group: string
  readonly resource: string
  readonly subresource?: string
  /** null: in the whole cluster, or of it. */
  readonly namespace: string | null
  readonly name?: string
}

export interface On {
  readonly cluster: ClusterName
  readonly kind: Kind
  readonly subresource?: string
  readonly namespace: string | null
  readonly name?: string
}

/** The rights to do these verbs on one thing. */
export function needs(verbs: readonly string[], { cluster, kind, subresource, namespace, name }: On): readonly Need[] {
  const { kubeconfig, context } = cluster
  const resource = subresource === undefined ? kind.plural : `${kind.plural}/${subresource}`
  const where = namespace === null ? (kind.namespaced ? ' in all namespaces' : '') : ` in ${namespace}`
  return verbs.map((verb) => {
    const right: Right = {
      cluster: { ...(kubeconfig !== undefined && { kubeconfig }), ...(context !== undefined && { context }) },
      verb,
      group: kind.group,
      resource: kind.plural,
      ...(subresource !== undefined && { subresource }),
      namespace,
      ...(name !== undefined && { name }),
    }
    return {
      platform: PLATFORM,
      what: `${verb} ${resource}${name === undefined ? '' : ` ${name}`}${where}`,
      data: right as unknown as Need['data'],
    }
  })
}
