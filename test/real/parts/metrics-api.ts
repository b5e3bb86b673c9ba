import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import type { IncomingMessage } from 'node:http'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import type { ControlPlane } from './control-plane.ts'

/**
 * `metrics.k8s.io/v1beta1` behind the API server's aggregator, with the usage that a test sets: kwok's containers use nothing. The real
 * HPA controller reads it.
 */
export interface MetricsApi extends AsyncDisposable {
  /** What the running pods with these labels use; the latest call that matches a pod counts. */
  use(load: Load, labels?: Readonly<Record<string, string>>, namespace?: string): void
  /** Answers 503 until it is told otherwise: the HPA controller is blind. */
  fail(failing: boolean): void
}

/** Millicores: of each pod, however many there are, or of all together, so that more pods have less to do. */
export type Load = { readonly each: number } | { readonly together: number }

interface Usage {
  readonly load: Load
  readonly labels: Readonly<Record<string, string>>
  readonly namespace: string
}

interface Pod {
  readonly metadata: { readonly name: string; readonly namespace: string; readonly labels?: Readonly<Record<string, string>> }
  readonly spec: { readonly containers: readonly { readonly name: string }[] }
  readonly status: { readonly phase?: string }
}

const GROUP = 'metrics.k8s.io'
const VERSION = `${GROUP}/v1beta1`
const SERVICE = 'drill-metrics'

const RESOURCES = {
  kind: 'APIResourceList',
  apiVersion: 'v1',
  groupVersion: VERSION,
  resources: [
    { name: 'pods', singularName: '', namespaced: true, kind: 'PodMetrics', verbs: ['get', 'list'] },
    { name: 'nodes', singularName: '', namespaced: false, kind: 'NodeMetrics', verbs: ['get', 'list'] },
  ],
}

const fits = ({ namespace, labels }: Usage, { metadata }: Pod): boolean =>
  namespace === metadata.namespace && Object.entries(labels).every(([key, value]) => metadata.labels?.[key] === value)

function millicoresOf(pod: Pod, pods: readonly Pod[], usages: readonly Usage[]): number {
  const usage = usages.findLast((one) => fits(one, pod))
  if (!usage) return 0
  if ('each' in usage.load) return usage.load.each
  return usage.load.together / pods.filter((one) => fits(usage, one)).length
}

/** What a pod uses is what its containers use together. */
function metricsOf({ metadata, spec }: Pod, millicores: number, at: string) {
  const each = Math.round(millicores / spec.containers.length)
  return {
    metadata: { name: metadata.name, namespace: metadata.namespace, labels: metadata.labels },
    timestamp: at,
    window: '1s',
    containers: spec.containers.map(({ name }) => ({ name, usage: { cpu: `${each}m`, memory: '32Mi' } })),
  }
}

/** The address of an ExternalName Service is asked of nobody: the aggregator goes to its name. */
async function register(plane: ControlPlane, port: number): Promise<void> {
  await plane.api.call('POST', '/api/v1/namespaces/kube-system/services', {
    metadata: { name: SERVICE },
    spec: { type: 'ExternalName', externalName: 'localhost', ports: [{ port }] },
  })
  await plane.api.call('POST', '/apis/apiregistration.k8s.io/v1/apiservices', {
    metadata: { name: `v1beta1.${GROUP}` },
    spec: {
      group: GROUP,
      version: 'v1beta1',
      groupPriorityMinimum: 100,
      versionPriority: 100,
      insecureSkipTLSVerify: true,
      service: { name: SERVICE, namespace: 'kube-system', port },
    },
  })
  await plane.waitFor('the API server serves metrics', async () => (await plane.api.request('GET', `/apis/${VERSION}/pods`)).status === 200)
}

/** Not while it is registered and gone: the API server could not list its resources, and no namespace could be deleted. */
async function unregister(plane: ControlPlane): Promise<void> {
  await plane.api.request('DELETE', `/apis/apiregistration.k8s.io/v1/apiservices/v1beta1.${GROUP}`)
  await plane.api.request('DELETE', `/api/v1/namespaces/kube-system/services/${SERVICE}`)
}

export async function startMetricsApi(plane: ControlPlane): Promise<MetricsApi> {
  let usages: readonly Usage[] = []
  let failing = false
  const list = async (url: URL): Promise<unknown> => {
    const [, namespace] = /\/namespaces\/([^/]+)\/pods/.exec(url.pathname) ?? []
    const path = namespace === undefined ? '/api/v1/pods' : `/api/v1/namespaces/${namespace}/pods`
    const pods = await plane.get<{ items: readonly Pod[] }>(`${path}${url.search}`)
    const at = new Date().toISOString()
    const running = pods.items.filter(({ status }) => status.phase === 'Running')
    const items = running.map((pod) => metricsOf(pod, millicoresOf(pod, running, usages), at))
    return { kind: 'PodMetricsList', apiVersion: VERSION, metadata: {}, items }
  }
  const answer = async ({ url = '/' }: IncomingMessage): Promise<readonly [status: number, body: unknown]> => {
    const asked = new URL(url, 'https://localhost')
    if (failing) return [503, { kind: 'Status', apiVersion: 'v1', status: 'Failure', code: 503, message: 'no metrics' }]
    if (asked.pathname.endsWith('/pods')) return [200, await list(asked)]
    if (asked.pathname === `/apis/${VERSION}`) return [200, RESOURCES]
    return [404, { kind: 'Status', apiVersion: 'v1', status: 'Failure', code: 404, reason: 'NotFound' }]
  }
  // The certificate that the API server made for itself is good for localhost as well.
  const file = (name: string): Buffer => readFileSync(join(plane.folder, 'certs', name))
  const server = createServer({ cert: file('apiserver.crt'), key: file('apiserver.key') }, (request, response) => {
    void answer(request)
      .catch((error: unknown) => [500, { kind: 'Status', apiVersion: 'v1', code: 500, message: String(error) }] as const)
      .then(([status, body]) => response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body)))
  })
  server.listen(0, 'localhost')
  await once(server, 'listening')
  await register(plane, (server.address() as AddressInfo).port)
  return {
    use(load, labels = {}, namespace = 'default') {
      usages = [...usages, { load, labels, namespace }]
    },
    fail(now) {
      failing = now
    },
    async [Symbol.asyncDispose]() {
      await unregister(plane)
      server.closeAllConnections()
      await once(server.close(), 'close')
    },
  }
}
