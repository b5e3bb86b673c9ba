import type { Context } from '../../contracts/context.ts'
import type { LoadLeaves } from '../../contracts/load.ts'
import type { JsonObject } from '../../domain/json.ts'
import { type Cluster, type ClusterRef, reconnect } from '../../platforms/kubernetes/api/cluster.ts'
import { removeLoad, removeLoadCommand } from '../../platforms/kubernetes/change/made.ts'
import { nameFor } from './objects.ts'

/** Where a run's TestRun and its script are; the names are the run's own, so that this is known before they are made. */
type Handle = {
  readonly cluster: ClusterRef
  readonly namespace: string
  readonly name: string
}

export async function leavesOf(cluster: Cluster, namespace: string, context: Context): Promise<LoadLeaves> {
  const handle: Handle = { cluster: await cluster.ref(context), namespace, name: nameFor(context.run) }
  return {
    handle,
    what: `the k6 Operator's TestRun ${namespace}/${handle.name} and its script`,
    where: `the cluster ${cluster.access.context}`,
    command: removeLoadCommand(handle.cluster, namespace, context.run),
  }
}

/** Deletes them where the process that made them is dead; the runners go with the TestRun. */
export async function cleanUpTestRun(handle: JsonObject, context: Context): Promise<void> {
  const { cluster, ...place } = handle as unknown as Handle
  await removeLoad(await reconnect(cluster, context), place, context)
}
