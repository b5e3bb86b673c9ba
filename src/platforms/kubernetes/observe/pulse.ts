import type { Context } from '../../../contracts/context.ts'
import { seconds } from '../../../domain/time.ts'
import type { Cluster } from '../api/cluster.ts'
import { collectionPath } from '../api/kinds.ts'
import type { K8sList, K8sObject } from '../api/objects.ts'
import type { Judge } from './judge/judge.ts'

/** One short, consistent list of what is watched. */
export interface Pulse {
  /** Of the kind as a whole at the time of the list. */
  readonly version: string
  /** Whether it shows these very objects, each in the same version, and no others. Always false when it was cut. */
  readonly isAll: (objects: ReadonlyMap<string, K8sObject>) => boolean
}

/** Enough for one object or a Service's slices; of many pods only the version counts. */
const FEW = 20
/** A server that answers neither of two tries within this is as good as silent. */
const PATIENCE = seconds(1.5)
/** Versions and uids without what is behind them. */
const NAMES_ONLY = 'application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1'

/** Without a `resourceVersion` the server may not answer from what it has cached: it is what was so at some time since it was asked. */
export async function askPulse(cluster: Cluster, { kind, query }: Pick<Judge, 'kind' | 'query'>, context: Context): Promise<Pulse> {
  const { namespace, labels, fields } = query
  const ask = {
    method: 'GET',
    path: collectionPath(kind, namespace),
    query: { limit: FEW, labelSelector: labels, fieldSelector: fields },
    accept: NAMES_ONLY,
    timeout: PATIENCE,
    tries: 2,
  } as const
  // A list of nothing but names has no items at all where others have an empty list.
  const { metadata, items } = JSON.parse(await cluster.ask(ask, context)) as Partial<K8sList> & Pick<K8sList, 'metadata'>
  const shown = items ?? []
  const cut = metadata.continue !== undefined && metadata.continue !== ''
  return {
    version: metadata.resourceVersion,
    isAll: (objects) =>
      !cut &&
      shown.length === objects.size &&
      shown.every((item) => objects.get(item.metadata.uid)?.metadata.resourceVersion === item.metadata.resourceVersion),
  }
}
