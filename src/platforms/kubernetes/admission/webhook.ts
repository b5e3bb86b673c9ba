import type { Context } from '../../../contracts/context.ts'
import { refused } from '../../../domain/error.ts'
import type { JsonObject } from '../../../domain/json.ts'
import type { Cluster } from '../api/cluster.ts'
import { RUN_LABEL } from '../change/marks.ts'
import { CANARY_LABEL, type Resource } from './canary.ts'

export type Operation = 'CREATE' | 'UPDATE' | 'DELETE'

/** What the API server says failed, in its refusals. */
export const WEBHOOK = 'admission-fail.firedrill.dev'

/** Who this is to the API server: nobody keeps that user from undoing. Throws a DrillError (refused) when the server does not say. */
export async function ownUser(cluster: Cluster, context: Context): Promise<string> {
  const body = { apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' }
  const path = '/apis/authentication.k8s.io/v1/selfsubjectreviews'
  const answer = await cluster.ask({ method: 'POST', path, body, idempotent: true }, context)
  const name = (JSON.parse(answer) as { status?: { userInfo?: { username?: string } } }).status?.userInfo?.username
  if (name === undefined || name === '')
    throw refused('The API server does not say who you are to it.', 'WHO_AM_I', ['kubectl auth whoami'])
  return name
}

interface Failing {
  readonly namespace: string
  readonly resources: readonly Resource[]
  readonly operations: readonly Operation[]
  readonly user: string
  /** Of a Service that is not there. */
  readonly service: string
}

/** CEL. An object is null where something is deleted, the old one where something is created. */
const hasLabel = (object: 'object' | 'oldObject', label: string): string =>
  `(${object} != null && has(${object}.metadata.labels) && '${label}' in ${object}.metadata.labels)`

/** The content of a ValidatingWebhookConfiguration that calls nobody and fails: these requests in this namespace, but for what undoing needs. */
export const webhookOf = ({ namespace, resources, operations, user, service }: Failing): JsonObject => ({
  webhooks: [
    {
      name: WEBHOOK,
      admissionReviewVersions: ['v1'],
      sideEffects: 'None',
      failurePolicy: 'Fail',
      timeoutSeconds: 1,
      matchPolicy: 'Equivalent',
      clientConfig: { service: { namespace, name: service, path: '/', port: 443 } },
      namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': namespace } },
      rules: [{ apiGroups: ['', 'apps'], apiVersions: ['*'], operations, resources, scope: 'Namespaced' }],
      matchConditions: [
        { name: 'not-the-system', expression: "!(request.namespace in ['kube-system', 'kube-public', 'kube-node-lease'])" },
        { name: 'not-locks-and-events', expression: "!(request.resource.resource in ['leases', 'events'])" },
        {
          name: 'not-firedrill',
          expression: `request.userInfo.username != ${JSON.stringify(user)} || ${hasLabel('object', CANARY_LABEL)}`,
        },
        // Records of the undo store, and whatever a fault has marked: undone by somebody else, perhaps.
        { name: 'not-to-be-undone', expression: `!${hasLabel('object', RUN_LABEL)} && !${hasLabel('oldObject', RUN_LABEL)}` },
      ],
    },
  ],
})
