import type { Context } from '../../../contracts/context.ts'
import type { Need, Preflight } from '../../../contracts/preflight.ts'
import type { PlanWarning } from '../../../domain/plan.ts'
import { isForbidden, isGone } from '../api/api-error.ts'
import { type Cluster, reconnect } from '../api/cluster.ts'
import { KINDS, type KindName } from '../api/kinds.ts'
import { needs } from '../rights/needs.ts'
import { kindOf, type ObjectRef } from '../target/target.ts'

const INSTALL =
  'helm repo add chaos-mesh https://charts.chaos-mesh.org; helm install chaos-mesh chaos-mesh/chaos-mesh -n chaos-mesh --create-namespace'
const COMPONENT = 'app.kubernetes.io/component'

/** Whether Chaos Mesh is there and at work, in the clusters of these targets, and the rights to use it. `dns`: its DNS server, too. */
export async function chaosPreflight(refs: readonly ObjectRef[], kind: KindName, dns: boolean, context: Context): Promise<Preflight> {
  const clusters = new Map(refs.map(({ cluster }) => [cluster.uid ?? cluster.server, cluster]))
  const looked = await Promise.all(
    [...clusters.values()].map(async (ref) => {
      const cluster = await reconnect(ref, context)
      if (!(await hasKind(cluster, kind, context))) return { refusals: [missing(kind, ref.context)], warnings: [] }
      const parts = [await part(cluster, 'controller-manager', 'its controller', context)]
      if (dns) parts.push(await part(cluster, 'chaos-dns-server', 'its DNS server (dnsServer.create)', context))
      return { refusals: parts.flatMap(({ refusals }) => refusals), warnings: parts.flatMap(({ warnings }) => warnings) }
    }),
  )
  return {
    refusals: looked.flatMap(({ refusals }) => refusals),
    warnings: looked.flatMap(({ warnings }) => warnings),
    needs: refs.flatMap((ref) => chaosNeeds(ref, kind)),
  }
}

function chaosNeeds({ cluster, kind: target, namespace, name }: ObjectRef, kind: KindName): readonly Need[] {
  return [
    ...needs(['create', 'get', 'list', 'watch', 'delete'], { cluster, kind: KINDS[kind], namespace }),
    ...needs(['get'], { cluster, kind: kindOf({ kind: target }), namespace, name }),
    ...(target === 'pod' ? [] : needs(['list'], { cluster, kind: KINDS.pod, namespace })),
    ...(target === 'deployment' ? needs(['list'], { cluster, kind: KINDS.replicaset, namespace }) : []),
  ]
}

const missing = (kind: KindName, where: string): PlanWarning => ({
  code: 'CHAOS_MESH_MISSING',
  text: `The cluster ${where} has no ${KINDS[kind].plural}.chaos-mesh.org, which Chaos Mesh brings: ${INSTALL}`,
})

async function hasKind(cluster: Cluster, name: KindName, context: Context): Promise<boolean> {
  const { group, version, plural } = KINDS[name]
  try {
    const { resources = [] } = JSON.parse(await cluster.ask({ method: 'GET', path: `/apis/${group}/${version}` }, context)) as {
      readonly resources?: readonly { readonly name: string }[]
    }
    return resources.some((each) => each.name === plural)
  } catch (error) {
    if (isGone(error)) return false
    throw error
  }
}

type Findings = Pick<Preflight, 'refusals' | 'warnings'>

/** One of its Deployments, wherever in the cluster it is. That it may not be looked for is no reason to refuse. */
async function part(cluster: Cluster, component: string, what: string, context: Context): Promise<Findings> {
  const labels = `app.kubernetes.io/name=chaos-mesh,${COMPONENT}=${component}`
  try {
    const found = await cluster.list(KINDS.deployment, { labels }, context)
    if (found.length === 0) return unseen(what, `no Deployment is labelled ${COMPONENT}=${component}`)
    if (found.some(({ status }) => Number(status?.['readyReplicas'] ?? 0) > 0)) return { refusals: [], warnings: [] }
    const { namespace, name } = found[0]?.metadata ?? {}
    return {
      refusals: [{ code: 'CHAOS_MESH_NOT_READY', text: `Chaos Mesh would not act: of ${what}, ${namespace}/${name}, no pod is ready.` }],
      warnings: [],
    }
  } catch (error) {
    if (isForbidden(error)) return unseen(what, 'Deployments may not be listed in the whole cluster')
    throw error
  }
}

const unseen = (what: string, why: string): Findings => ({
  refusals: [],
  warnings: [{ code: 'CHAOS_MESH_UNSEEN', text: `Nobody knows whether Chaos Mesh is at work: ${what} was not found, for ${why}.` }],
})
