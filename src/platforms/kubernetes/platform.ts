import { definePlatform } from '../../contracts/platform.ts'
import { describe } from '../../domain/error.ts'
import { loadClientNode } from './api/access.ts'
import { connect } from './api/cluster.ts'
import { lock, lockNeeds, unlock } from './hold/lock.ts'
import { grant, missing } from './rights/rights.ts'
import { identify, type Selector, select, selectNeeds, selectorShape } from './target/select.ts'
import { PLATFORM } from './target/target.ts'

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
  async check(context) {
    try {
      const cluster = await connect({}, context)
      const { gitVersion } = JSON.parse(await cluster.ask({ method: 'GET', path: '/version', tries: 1 }, context)) as { gitVersion: string }
      return [{ what: 'kubernetes', ok: true, detail: `${cluster.access.context} at ${cluster.access.server.origin}, ${gitVersion}` }]
    } catch (error) {
      return [{ what: 'kubernetes', ok: false, detail: describe(error) }]
    }
  },
})
