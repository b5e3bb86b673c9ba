import type { Context } from '../../../contracts/context.ts'
import { isGone } from '../api/api-error.ts'
import type { Cluster, ClusterRef } from '../api/cluster.ts'
import { KINDS, type KindName } from '../api/kinds.ts'
import type { K8sObject } from '../api/objects.ts'
import { kubectl } from './kubectl.ts'
import { RUN_LABEL } from './marks.ts'

const MANAGED_BY = 'app.kubernetes.io/managed-by'
const FIREDRILL = 'firedrill'

/** What an object that a run's load made is called, and nothing of anybody else's. */
export const LOAD_PREFIX = 'firedrill-load-'

/** The test run goes first: its runners read the script. */
const OF_A_LOAD: readonly KindName[] = ['testrun', 'configmap']

/** What the objects that a run's load makes carry; objects of others that a fault marks carry the first one alone. */
export const loadLabels = (run: string) => ({ [RUN_LABEL]: run, [MANAGED_BY]: FIREDRILL })

const selectorOf = (run: string): string =>
  Object.entries(loadLabels(run))
    .map(([label, value]) => `${label}=${value}`)
    .join(',')

/** What a person would type to put it away: in one namespace, or wherever it is. */
export function removeLoadCommand(cluster: Pick<ClusterRef, 'context' | 'kubeconfig'>, namespace: string | null, run: string): string {
  const everywhere = namespace === null ? ['--all-namespaces'] : []
  return kubectl(cluster, namespace, 'delete', 'testruns.k6.io,configmaps', ...everywhere, '-l', selectorOf(run))
}

interface Place {
  readonly namespace: string
  readonly name: string
}

/** Deletes what the run's load made in this place. Idempotent. Rejects while something of it is still there. */
export async function removeLoad(cluster: Cluster, { namespace, name }: Place, context: Context): Promise<void> {
  for (const kind of OF_A_LOAD) {
    const object = await cluster.find(KINDS[kind], namespace, name, context)
    if (object) await removeIfOurs(cluster, kind, object, context)
  }
}

/** The same wherever it is in the cluster, for whoever knows nothing but the run. */
export async function sweepLoad(cluster: Cluster, context: Context): Promise<void> {
  for (const kind of OF_A_LOAD) {
    const found = await cluster.list(KINDS[kind], { labels: selectorOf(context.run) }, context).catch((error: unknown) => {
      // A cluster without the operator.
      if (isGone(error)) return []
      throw error
    })
    for (const object of found) await removeIfOurs(cluster, kind, object, context)
  }
}

async function removeIfOurs(cluster: Cluster, kind: KindName, { metadata }: K8sObject, context: Context): Promise<void> {
  const { name, namespace, uid, labels } = metadata
  const ours = Object.entries(loadLabels(context.run)).every(([label, value]) => labels?.[label] === value)
  if (!ours || !name.startsWith(LOAD_PREFIX)) return
  if (metadata.deletionTimestamp !== undefined)
    throw new Error(`${kind} ${namespace}/${name} was deleted and is still there: a finalizer holds it`)
  await cluster.remove(KINDS[kind], namespace, name, { uid, propagation: 'Background' }, context)
}
