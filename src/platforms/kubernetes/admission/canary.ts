import type { Context } from '../../../contracts/context.ts'
import { describe } from '../../../domain/error.ts'
import type { JsonObject } from '../../../domain/json.ts'
import type { Cluster } from '../api/cluster.ts'
import { apiVersionOf, KINDS, type Kind } from '../api/kinds.ts'

/** Requests for objects with this label are refused even to firedrill itself: by them it sees that others' are. They are never kept. */
export const CANARY_LABEL = 'firedrill/canary'

const labels = { [CANARY_LABEL]: 'true' }

/** What the strictest of the PodSecurity standards and a quota let through. */
const podSpec: JsonObject = {
  automountServiceAccountToken: false,
  securityContext: { runAsNonRoot: true, runAsUser: 65_534, seccompProfile: { type: 'RuntimeDefault' } },
  containers: [
    {
      name: 'canary',
      image: 'registry.k8s.io/pause:3.10',
      resources: { requests: { cpu: '1m', memory: '8Mi' }, limits: { cpu: '1m', memory: '8Mi' } },
      securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
    },
  ],
}
const template = { metadata: { labels }, spec: podSpec }
const workload: JsonObject = { replicas: 0, selector: { matchLabels: labels }, template }

interface Canary {
  readonly kind: Kind
  readonly content: JsonObject
}

/** The smallest object of each resource that can be made to fail. */
const CANARIES = {
  pods: { kind: KINDS.pod, content: { spec: podSpec } },
  configmaps: { kind: KINDS.configmap, content: {} },
  services: { kind: KINDS.service, content: { spec: { ports: [{ port: 80 }], selector: labels } } },
  deployments: { kind: KINDS.deployment, content: { spec: workload } },
  replicasets: { kind: KINDS.replicaset, content: { spec: workload } },
  statefulsets: { kind: KINDS.statefulset, content: { spec: { ...workload, serviceName: 'firedrill-canary' } } },
  daemonsets: { kind: KINDS.daemonset, content: { spec: { selector: { matchLabels: labels }, template } } },
} as const satisfies Readonly<Record<string, Canary>>

export type Resource = keyof typeof CANARIES
export const RESOURCES = Object.keys(CANARIES) as readonly Resource[]

export const kindOfResource = (resource: Resource): Kind => CANARIES[resource].kind

/** The server's answer to creating one without keeping it: undefined when it would have been accepted. Rejects only when the signal aborts. */
export async function whyRefused(resource: Resource, namespace: string, cluster: Cluster, context: Context): Promise<string | undefined> {
  const { kind, content } = CANARIES[resource]
  const body = { apiVersion: apiVersionOf(kind), kind: kind.kind, metadata: { name: 'firedrill-canary', namespace, labels }, ...content }
  try {
    await cluster.create(kind, namespace, body, context, true)
    return undefined
  } catch (error) {
    context.signal.throwIfAborted()
    return describe(error)
  }
}
