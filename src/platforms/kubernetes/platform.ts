import type { Context } from '../../contracts/context.ts'
import { definePlatform, type PlatformCheck } from '../../contracts/platform.ts'
import { DrillError, describe, OutsideError } from '../../domain/error.ts'
import { seconds } from '../../domain/time.ts'
import { knowsCluster, loadClientNode } from './api/access.ts'
import { connect } from './api/cluster.ts'
import { lock, lockNeeds, unlock } from './hold/lock.ts'
import { grant, missing } from './rights/rights.ts'
import { identify, type Selector, select, selectNeeds, selectorShape } from './target/select.ts'
import { PLATFORM } from './target/target.ts'

/** Shorter than the patience of `doctor`, so that it is said what did not answer. */
const CHECK = seconds(3)

/** Objects of a Kubernetes cluster, pinned by uid, reached through the API server alone: nothing is installed in the cluster. */
export const kubernetesPlatform = definePlatform<Selector>({
  name: PLATFORM,
  summary: 'Objects of a Kubernetes cluster, found by namespace, labels, node or zone through a kubeconfig',
  local: false,
  selector: selectorShape,
  resolve: select,
  load: async () => {
    await loadClientNode()
  },
  identify,
  selectNeeds,
  missing,
  grant,
  lock,
  lockNeeds,
  unlock,
  check,
})

/** Whoever has no kubeconfig is not told that a cluster is missing. */
async function check(context: Context): Promise<readonly PlatformCheck[]> {
  if (!knowsCluster(context)) return []
  const what = 'API server'
  try {
    const cluster = await connect({}, context)
    const { gitVersion } = JSON.parse(await cluster.ask({ method: 'GET', path: '/version', tries: 1, timeout: CHECK }, context)) as {
      readonly gitVersion: string
    }
    return [{ what, ok: true, detail: `${cluster.access.context} at ${cluster.access.server.origin}, ${gitVersion}` }]
  } catch (error) {
    const next = error instanceof DrillError || error instanceof OutsideError ? error.next[0] : undefined
    return [{ what, ok: false, detail: describe(error), next: next ?? 'kubectl cluster-info' }]
  }
}
