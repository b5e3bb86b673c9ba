import { execFile } from 'node:child_process'
import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { havePart } from '../../kit/part.ts'
import { type Access, type Api, apiOf, Final, waitFor, writeKubeconfig } from './api.ts'
import { COMPONENTS, type Component, commandOf, LOST, type Ports, PROGRAMS, type Timing } from './components.ts'
import { type Guardian, startGuardian } from './guardian.ts'
import { type Deploy, deploymentOf, isReady, type NodeOptions, nodeOf, serviceOf } from './objects.ts'
import { program } from './parts.ts'

/** A real Kubernetes control plane on loopback, with nodes that kwok plays. */
export interface ControlPlane extends AsyncDisposable {
  /** Of an administrator. */
  readonly kubeconfig: string
  readonly context: string
  readonly server: string
  readonly access: Access
  readonly folder: string
  readonly api: Api
  /** The real kubectl, as the administrator: what it printed. Throws what it complained about. */
  kubectl(...args: readonly string[]): Promise<string>
  /** YAML, or objects, by `kubectl apply`. */
  apply(what: string | readonly object[]): Promise<string>
  get<T = unknown>(path: string): Promise<T>
  /** Names of new nodes, when all of them are ready. */
  addNodes(count: number, options?: NodeOptions): Promise<readonly string[]>
  /** Its kubelet falls silent: no lease, no status, no pod is started or stopped on it. */
  loseNode(name: string): Promise<void>
  returnNode(name: string): Promise<void>
  /** A namespace in which pods can be made. */
  namespace(name: string): Promise<void>
  /** A Deployment, with a Service if asked; waits until it is ready and served unless told not to. */
  deploy(name: string, replicas: number, options?: Deploy): Promise<void>
  /** Addresses of the Service's ready endpoints, sorted. */
  endpoints(service: string, namespace?: string): Promise<readonly string[]>
  waitFor<T>(what: string, look: () => Promise<T | undefined | false>, seconds?: number): Promise<T>
  /** A kubeconfig of a ServiceAccount that may do only this: in the namespace, or in all of them when none is named. */
  user(name: string, rules: readonly Rule[], namespace?: string): Promise<string>
  /** Its token is worth nothing from now on; the API server may remember it for 10 seconds. */
  revoke(name: string): Promise<void>
  pause(component: Component): Promise<void>
  resume(component: Component): Promise<void>
  kill(component: Component): Promise<void>
  /** After a kill, with the same ports and data. */
  start(component: Component): Promise<void>
  /** What a component has written so far. */
  logs(component: Component): string
  /** Pids of the components as they were last started. */
  readonly pids: ReadonlyMap<Component, number>
}

export interface Rule {
  readonly apiGroups: readonly string[]
  readonly resources: readonly string[]
  readonly verbs: readonly string[]
  readonly resourceNames?: readonly string[]
}

export interface ControlPlaneOptions extends Partial<Timing> {
  /** Added to the command line; the last one of a flag counts. */
  readonly flags?: Partial<Readonly<Record<Component, readonly string[]>>>
}

const NAME = 'drill'
const USERS = 'drill-users'

/** Different ones: all are taken before the first is given back. */
async function freePorts(count: number): Promise<readonly number[]> {
  const servers = Array.from({ length: count }, () => createServer().listen(0, '127.0.0.1'))
  await Promise.all(servers.map((server) => once(server, 'listening')))
  const ports = servers.map((server) => (server.address() as AddressInfo).port)
  await Promise.all(servers.map((server) => once(server.close(), 'close')))
  return ports
}

/** Keys of the service accounts, and the token of the administrator. */
function writeSecrets(folder: string): string {
  const pem = { type: 'spki', format: 'pem' } as const
  const keys = generateKeyPairSync('ec', {
    namedCurve: 'P-256',
    publicKeyEncoding: pem,
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  })
  writeFileSync(join(folder, 'accounts.pub'), keys.publicKey)
  writeFileSync(join(folder, 'accounts.key'), keys.privateKey, { mode: 0o600 })
  const token = randomBytes(16).toString('hex')
  writeFileSync(join(folder, 'tokens.csv'), `${token},admin,admin,"system:masters"\n`, { mode: 0o600 })
  return token
}

/** A component that has ended will not become ready: its last words instead of a timeout. */
function assertRunning(guardian: Guardian, folder: string, component: Component): void {
  if (guardian.isRunning(component)) return
  throw new Final(`${component} has ended: ${readFileSync(join(folder, `${component}.log`), 'utf8').slice(-2_000)}`)
}

interface Started {
  readonly access: Access
  readonly kubeconfig: string
  readonly api: Api
  readonly pids: Map<Component, number>
  start(component: Component): Promise<void>
}

async function startAll(guardian: Guardian, folder: string, timing: Timing, flags: ControlPlaneOptions['flags']): Promise<Started> {
  const [api = 0, etcd = 0, peer = 0, kwok = 0] = await freePorts(4)
  const ports: Ports = { api, etcd, peer, kwok }
  const kubeconfig = join(folder, 'kubeconfig')
  const access = { server: `https://127.0.0.1:${api}`, ca: join(folder, 'certs', 'apiserver.crt'), token: writeSecrets(folder) }
  const pids = new Map<Component, number>()
  const start = async (component: Component): Promise<void> => {
    const [command, args] = commandOf(component, folder, kubeconfig, ports, timing)
    pids.set(component, await guardian.start(component, command, [...args, ...(flags?.[component] ?? [])]))
  }
  const ready = (what: string, look: () => Promise<boolean> | boolean): Promise<unknown> =>
    waitFor(
      what,
      async () => {
        for (const component of pids.keys()) assertRunning(guardian, folder, component)
        return look()
      },
      60,
    )
  await start('etcd')
  await start('kube-apiserver')
  await ready('the API server made its certificate', () => existsSync(access.ca) && readFileSync(access.ca, 'utf8').includes('END CERT'))
  writeKubeconfig(kubeconfig, NAME, access)
  const client = apiOf(access)
  await ready('the API server is ready', async () => (await client.request('GET', '/readyz')).status === 200)
  for (const component of COMPONENTS.slice(2)) await start(component)
  await ready(
    'the controllers and kwok work',
    async () => (await client.request('GET', '/api/v1/namespaces/default/serviceaccounts/default')).status === 200 && (await answers(kwok)),
  )
  return { access, kubeconfig, api: client, pids, start }
}

const answers = (port: number): Promise<boolean> =>
  fetch(`http://127.0.0.1:${port}/healthz`).then(
    ({ ok }) => ok,
    () => false,
  )

/** Once more when somebody took a port in between. */
async function bringUp(options: ControlPlaneOptions, attempts = 3): Promise<{ folder: string; guardian: Guardian; started: Started }> {
  const timing = { grace: options.grace ?? 10, period: options.period ?? 2, evictAfter: options.evictAfter ?? 5 }
  const folder = mkdtempSync(join(tmpdir(), 'firedrill-kube-'))
  const guardian = await startGuardian(folder)
  try {
    return { folder, guardian, started: await startAll(guardian, folder, timing, options.flags) }
  } catch (error) {
    await guardian[Symbol.asyncDispose]()
    if (attempts > 1 && error instanceof Final && error.message.includes('address already in use')) return bringUp(options, attempts - 1)
    throw error
  }
}

type Cluster = Pick<
  ControlPlane,
  'kubectl' | 'apply' | 'get' | 'addNodes' | 'loseNode' | 'returnNode' | 'namespace' | 'deploy' | 'endpoints'
>

function kubectlOf(kubeconfig: string, folder: string) {
  return (args: readonly string[], input?: string): Promise<string> =>
    new Promise((resolve, reject) => {
      const env = { ...process.env, HOME: folder, KUBECONFIG: kubeconfig }
      const options = { env, encoding: 'utf8', maxBuffer: 256 * 1024 * 1024 } as const
      const child = execFile(program('kubectl'), [...args], options, (error, stdout, stderr) => {
        if (error) reject(new Error(`kubectl ${args.join(' ')}: ${stderr}`, { cause: error }))
        else resolve(stdout)
      })
      child.stdin?.end(input)
    })
}

interface List<T> {
  readonly items: readonly T[]
}

interface Slice {
  readonly endpoints?: readonly { readonly addresses: readonly string[]; readonly conditions: { readonly ready?: boolean } }[]
}

interface NodeStatus {
  readonly metadata: { readonly name: string }
  readonly spec: { readonly taints?: readonly { readonly key: string }[] }
  readonly status: { readonly conditions?: readonly { readonly type: string; readonly status: string }[] }
}

const MERGE = 'application/merge-patch+json'

function clusterOf(api: Api, kubectl: ReturnType<typeof kubectlOf>): Cluster {
  let nodes = 0
  const get = <T>(path: string): Promise<T> => api.call<T>('GET', path)
  const label = async (node: string, value: string | null): Promise<void> => {
    await api.call('PATCH', `/api/v1/nodes/${node}`, { metadata: { labels: { [LOST]: value } } }, MERGE)
  }
  /** Pods can go there: the taint of a node that is not ready is taken away a moment after it is. */
  const readyNodes = async (): Promise<ReadonlySet<string>> => {
    const { items } = await get<List<NodeStatus>>('/api/v1/nodes')
    const isUp = ({ spec, status }: NodeStatus) =>
      status.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True') === true &&
      spec.taints?.some(({ key }) => key === 'node.kubernetes.io/not-ready') !== true
    return new Set(items.filter(isUp).map(({ metadata }) => metadata.name))
  }
  const endpoints = async (service: string, namespace = 'default'): Promise<readonly string[]> => {
    const path = `/apis/discovery.k8s.io/v1/namespaces/${namespace}/endpointslices?labelSelector=kubernetes.io/service-name=${service}`
    const { items } = await get<List<Slice>>(path)
    const all = items.flatMap((slice) => slice.endpoints ?? [])
    return all.flatMap(({ addresses, conditions }) => (conditions.ready === true ? addresses : [])).toSorted()
  }
  return {
    get,
    kubectl: (...args) => kubectl(args),
    apply: (what) =>
      kubectl(['apply', '-f', '-'], typeof what === 'string' ? what : JSON.stringify({ apiVersion: 'v1', kind: 'List', items: what })),
    async addNodes(count, options = {}) {
      const fresh = Array.from({ length: count }, (_, i) => nodeOf(nodes + i, options))
      nodes += count
      await Promise.all(fresh.map((node) => api.call('POST', '/api/v1/nodes', node)))
      const names = fresh.map(({ metadata }) => metadata.name)
      await waitFor(`${count} nodes are ready`, async () => {
        const ready = await readyNodes()
        return names.every((name) => ready.has(name))
      })
      return names
    },
    loseNode: (name) => label(name, 'true'),
    returnNode: (name) => label(name, null),
    async namespace(name) {
      await api.call('POST', '/api/v1/namespaces', { metadata: { name } })
      const path = `/api/v1/namespaces/${name}/serviceaccounts/default`
      await waitFor(`namespace ${name} has its service account`, async () => (await api.request('GET', path)).status === 200)
    },
    async deploy(name, replicas, options = {}) {
      const namespace = options.namespace ?? 'default'
      if (options.service) await api.call('POST', `/api/v1/namespaces/${namespace}/services`, serviceOf(name))
      const path = `/apis/apps/v1/namespaces/${namespace}/deployments`
      await api.call('POST', path, deploymentOf(name, replicas, options))
      if (options.wait === false) return
      await waitFor(`${name} is ready`, async () => isReady(await get(`${path}/${name}`)), 60)
      if (options.service) await waitFor(`${name} is served`, async () => (await endpoints(name, namespace)).length === replicas, 60)
    },
    endpoints,
  }
}

/** Who may do less: a real ServiceAccount, its role, its binding and a token that was asked for. */
function usersOf(api: Api, admin: Access, folder: string): Pick<ControlPlane, 'user' | 'revoke'> {
  const accounts = `/api/v1/namespaces/${USERS}/serviceaccounts`
  const grant = async (name: string, rules: readonly Rule[], namespace?: string): Promise<void> => {
    const base = `/apis/rbac.authorization.k8s.io/v1${namespace === undefined ? '' : `/namespaces/${namespace}`}`
    const [role, binding] = namespace === undefined ? ['clusterroles', 'clusterrolebindings'] : ['roles', 'rolebindings']
    const kind = namespace === undefined ? 'ClusterRole' : 'Role'
    await api.call('POST', `${base}/${role}`, { metadata: { name }, rules })
    await api.call('POST', `${base}/${binding}`, {
      metadata: { name },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind, name },
      subjects: [{ kind: 'ServiceAccount', namespace: USERS, name }],
    })
  }
  /** The API server learns of a binding by a watch of its own. */
  const inForce = async (access: Access, [rule]: readonly Rule[], namespace?: string): Promise<void> => {
    if (!rule) return
    const [resource, subresource] = rule.resources[0]?.split('/') ?? []
    const asked = { group: rule.apiGroups[0], resource, subresource, verb: rule.verbs[0], namespace, name: rule.resourceNames?.[0] }
    const own = apiOf(access)
    await waitFor('the role is in force', async () => {
      const review = { spec: { resourceAttributes: asked } }
      const path = '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews'
      return (await own.call<{ status: { allowed: boolean } }>('POST', path, review)).status.allowed
    }).finally(() => own.close())
  }
  return {
    async user(name, rules, namespace) {
      const made = await api.request('POST', '/api/v1/namespaces', { metadata: { name: USERS } })
      if (made.status !== 201 && made.status !== 409) throw new Error(`namespace ${USERS}: ${made.status}`)
      await api.call('POST', accounts, { metadata: { name } })
      await grant(name, rules, namespace)
      const { status } = await api.call<{ status: { token: string } }>('POST', `${accounts}/${name}/token`, { spec: {} })
      const access = { ...admin, token: status.token }
      await inForce(access, rules, namespace)
      return writeKubeconfig(join(folder, `kubeconfig-${name}`), name, access)
    },
    async revoke(name) {
      await api.call('DELETE', `${accounts}/${name}`)
    },
  }
}

/** Whether its programs are here: a failure in CI when they are not, a loud skip elsewhere. */
export const haveControlPlane = (): boolean =>
  PROGRAMS.every((name) => havePart(program(name), 'node test/real/parts/get.ts kubernetes etcd kwok'))

/** About four seconds. Needs the programs of `get.ts`. */
export async function startControlPlane(options: ControlPlaneOptions = {}): Promise<ControlPlane> {
  const { folder, guardian, started } = await bringUp(options)
  const { access, api, kubeconfig, pids } = started
  return {
    kubeconfig,
    context: NAME,
    server: access.server,
    access,
    folder,
    api,
    pids,
    waitFor,
    ...clusterOf(api, kubectlOf(kubeconfig, folder)),
    ...usersOf(api, access, folder),
    pause: (component) => guardian.signal(component, 'SIGSTOP'),
    resume: (component) => guardian.signal(component, 'SIGCONT'),
    kill: (component) => guardian.kill(component),
    start: (component) => started.start(component),
    logs: (component) => readFileSync(join(folder, `${component}.log`), 'utf8'),
    async [Symbol.asyncDispose]() {
      api.close()
      await guardian[Symbol.asyncDispose]()
    },
  }
}
