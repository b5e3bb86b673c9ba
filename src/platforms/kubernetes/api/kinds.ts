/** Where objects of a kind lie in the API. Known ones only: no discovery, so that a plan costs no requests and a role can name them. */
export interface Kind {
  readonly kind: string
  /** '' is the core group. */
  readonly group: string
  readonly version: string
  readonly plural: string
  readonly namespaced: boolean
}

const kind = (name: string, group: string, version: string, plural: string, namespaced = true): Kind => ({
  kind: name,
  group,
  version,
  plural,
  namespaced,
})

export const KINDS = {
  pod: kind('Pod', '', 'v1', 'pods'),
  node: kind('Node', '', 'v1', 'nodes', false),
  namespace: kind('Namespace', '', 'v1', 'namespaces', false),
  service: kind('Service', '', 'v1', 'services'),
  configmap: kind('ConfigMap', '', 'v1', 'configmaps'),
  event: kind('Event', '', 'v1', 'events'),
  deployment: kind('Deployment', 'apps', 'v1', 'deployments'),
  statefulset: kind('StatefulSet', 'apps', 'v1', 'statefulsets'),
  daemonset: kind('DaemonSet', 'apps', 'v1', 'daemonsets'),
  replicaset: kind('ReplicaSet', 'apps', 'v1', 'replicasets'),
  controllerrevision: kind('ControllerRevision', 'apps', 'v1', 'controllerrevisions'),
  hpa: kind('HorizontalPodAutoscaler', 'autoscaling', 'v2', 'horizontalpodautoscalers'),
  pdb: kind('PodDisruptionBudget', 'policy', 'v1', 'poddisruptionbudgets'),
  lease: kind('Lease', 'coordination.k8s.io', 'v1', 'leases'),
  endpointslice: kind('EndpointSlice', 'discovery.k8s.io', 'v1', 'endpointslices'),
  networkpolicy: kind('NetworkPolicy', 'networking.k8s.io', 'v1', 'networkpolicies'),
  validatingwebhook: kind('ValidatingWebhookConfiguration', 'admissionregistration.k8s.io', 'v1', 'validatingwebhookconfigurations', false),
  networkchaos: kind('NetworkChaos', 'chaos-mesh.org', 'v1alpha1', 'networkchaos'),
  stresschaos: kind('StressChaos', 'chaos-mesh.org', 'v1alpha1', 'stresschaos'),
  iochaos: kind('IOChaos', 'chaos-mesh.org', 'v1alpha1', 'iochaos'),
  dnschaos: kind('DNSChaos', 'chaos-mesh.org', 'v1alpha1', 'dnschaos'),
  httpchaos: kind('HTTPChaos', 'chaos-mesh.org', 'v1alpha1', 'httpchaos'),
  timechaos: kind('TimeChaos', 'chaos-mesh.org', 'v1alpha1', 'timechaos'),
  testrun: kind('TestRun', 'k6.io', 'v1alpha1', 'testruns'),
} as const satisfies Readonly<Record<string, Kind>>

export type KindName = keyof typeof KINDS

export const apiVersionOf = ({ group, version }: Kind): string => (group === '' ? version : `${group}/${version}`)

const part = (text: string): string => encodeURIComponent(text)

/** The path of a kind's collection, in one namespace or in all of them. */
export function collectionPath({ group, version, plural, namespaced }: Kind, namespace?: string): string {
  const root = group === '' ? `/api/${version}` : `/apis/${group}/${version}`
  return namespaced && namespace !== undefined ? `${root}/namespaces/${part(namespace)}/${plural}` : `${root}/${plural}`
}

/** The path of one object, or of its subresource. */
export const objectPath = (of: Kind, namespace: string | undefined, name: string, subresource?: string): string =>
  `${collectionPath(of, namespace)}/${part(name)}${subresource === undefined ? '' : `/${subresource}`}`

/** `deployments.apps`: what kubectl takes whatever else the cluster has of that name. */
export const kubectlKind = ({ plural, group }: Kind): string => (group === '' ? plural : `${plural}.${group}`)
