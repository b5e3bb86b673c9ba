export interface NodeOptions {
  /** One for all, or one after the other in turn. */
  readonly zone?: string | readonly string[]
  readonly labels?: Readonly<Record<string, string>>
  readonly taints?: readonly { readonly key: string; readonly value?: string; readonly effect: string }[]
  readonly capacity?: Readonly<Record<string, string>>
  /** Before the number; `node-` by itself. */
  readonly prefix?: string
}

export interface Deploy {
  readonly namespace?: string
  /** `x:missing` is never pulled. */
  readonly image?: string
  readonly service?: boolean
  /** Of the pods, besides `app`. */
  readonly labels?: Readonly<Record<string, string>>
  readonly annotations?: Readonly<Record<string, string>>
  readonly env?: Readonly<Record<string, string>>
  /** CPU and memory that a pod asks for; 100m and 64Mi by themselves. */
  readonly requests?: Readonly<Record<string, string>>
  /** Merged into the pod's spec. */
  readonly spec?: Readonly<Record<string, unknown>>
  /** False: does not wait until it is ready. */
  readonly wait?: boolean
}

const CAPACITY = { cpu: '64', memory: '256Gi', pods: '1000' }

/** The n-th node, with an address of its own; its kubelet is kwok's work. */
export function nodeOf(n: number, { zone, labels, taints, capacity, prefix = 'node-' }: NodeOptions) {
  const name = `${prefix}${n}`
  const size = { ...CAPACITY, ...capacity }
  const place = typeof zone === 'string' ? zone : zone?.[n % zone.length]
  return {
    metadata: {
      name,
      labels: {
        'kubernetes.io/hostname': name,
        'kubernetes.io/os': 'linux',
        'kubernetes.io/arch': 'amd64',
        ...(place === undefined ? {} : { 'topology.kubernetes.io/zone': place, 'topology.kubernetes.io/region': 'here' }),
        ...labels,
      },
    },
    spec: { taints },
    status: {
      capacity: size,
      allocatable: size,
      addresses: [
        { type: 'InternalIP', address: `10.200.${Math.floor(n / 250)}.${(n % 250) + 1}` },
        { type: 'Hostname', address: name },
      ],
    },
  }
}

export const serviceOf = (name: string) => ({
  metadata: { name },
  spec: { selector: { app: name }, ports: [{ name: 'http', port: 80, targetPort: 8080 }] },
})

export function deploymentOf(name: string, replicas: number, { image = 'app:1', labels, annotations, env, requests, spec }: Deploy) {
  const container = {
    name: 'app',
    image,
    env: Object.entries(env ?? {}).map(([key, value]) => ({ name: key, value })),
    ports: [{ containerPort: 8080 }],
    resources: { requests: requests ?? { cpu: '100m', memory: '64Mi' } },
  }
  return {
    metadata: { name, labels: { app: name } },
    spec: {
      replicas,
      selector: { matchLabels: { app: name } },
      template: { metadata: { labels: { app: name, ...labels }, annotations }, spec: { containers: [container], ...spec } },
    },
  }
}

export interface Deployment {
  readonly metadata: { readonly generation: number }
  readonly spec: { readonly replicas: number }
  readonly status: {
    readonly observedGeneration?: number
    readonly replicas?: number
    readonly updatedReplicas?: number
    readonly readyReplicas?: number
  }
}

/** Every replica is of the newest revision and ready, and there is no other. */
export function isReady({ metadata, spec, status }: Deployment): boolean {
  const counts = [status.replicas, status.updatedReplicas, status.readyReplicas]
  return status.observedGeneration === metadata.generation && counts.every((count = 0) => count === spec.replicas)
}
