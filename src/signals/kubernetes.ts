import { defineSignal } from '../contracts/signal.ts'
import { choice, count, duration, joinFields, keyed, object, text, withDefault } from '../domain/shape.ts'
import { watchNeeds } from '../platforms/kubernetes/observe/needs.ts'
import { kubernetesEye } from '../platforms/kubernetes/observe/observe.ts'
import { READY_TEXT, type Watched } from '../platforms/kubernetes/observe/questions.ts'
import { clusterFields, dnsName } from '../platforms/kubernetes/target/fields.ts'

const selector = (doc: string, examples: readonly string[]) => text({ pattern: /\S/, what: 'a label selector', doc, examples })
const STATUSES = ['True', 'False', 'Unknown'] as const

const kinds = {
  endpoints: object(
    {
      service: dnsName('A Service.', ['cart']),
      ready: withDefault(object({ min: count({ min: 1, doc: 'Ready endpoints.' }) }, {}, { doc: 'How many must be ready. Default 1.' }), {
        min: 1,
      }),
    },
    {},
    { doc: 'Fires while a Service has fewer ready endpoints (EndpointSlice).' },
  ),
  workload: object(
    {
      kind: choice(['deployment', 'statefulset', 'daemonset'], { doc: 'What makes the pods.' }),
      name: dnsName('Its name.', ['cart']),
      ready: withDefault(
        object(
          { min: text({ pattern: READY_TEXT, what: 'a number of pods or a percentage, such as 2 or 80%', doc: 'Ready pods.' }) },
          {},
          { doc: 'How many must be ready: a number, or a share of those that are wanted. Default 100%.', examples: ['{min: 80%}'] },
        ),
        { min: '100%' },
      ),
    },
    {},
    { doc: 'Fires while fewer pods of a workload are ready.' },
  ),
  node: keyed<Extract<Watched, { readonly kind: 'node' }>['spec']>(
    'way to find a node',
    {
      name: dnsName('One node.', ['worker-1']),
      selector: selector('All nodes with these labels.', ['"pool=gpu"']),
    },
    {
      condition: withDefault(text({ pattern: /^\w+$/, what: 'the type of a condition', doc: 'Default Ready.' }), 'Ready'),
      is: withDefault(choice(STATUSES, { doc: 'What it should be. Default "True".' }), 'True'),
    },
    {},
    { doc: 'Fires while a condition of any of the nodes is another than it should be, or a node is gone.' },
  ),
  nodeLease: object(
    {
      name: dnsName('A node.', ['worker-1']),
      older: withDefault(duration({ min: 1, doc: 'How old its last renewal may be, by the server’s clock. Default 40s.' }), '40s'),
    },
    {},
    { doc: 'Fires while the kubelet of a node has not renewed its Lease for so long: the earliest sign that there is.' },
  ),
  event: object(
    { reason: text({ pattern: /^\w+$/, what: 'the reason of an event', doc: 'Its reason.', examples: ['FailedScheduling'] }) },
    {
      kind: text({ pattern: /^\w+$/, what: 'a kind', doc: 'The kind of what it is about.', examples: ['Pod'] }),
      name: dnsName('The name of what it is about.', ['cart-0']),
      type: choice(['Normal', 'Warning'], { doc: 'Its type.' }),
    },
    { doc: 'Fires from the first such Event on that comes after the start, and stays so.' },
  ),
  restarts: object(
    {
      selector: selector('A label selector of pods.', ['"app=cart"']),
      more: withDefault(count({ doc: 'Restarts that do not count yet. Default 0: the first one fires.' }), 0),
    },
    {},
    { doc: 'Fires from when the containers of these pods were restarted more often than that since the start, and stays so.' },
  ),
  hpa: object(
    {
      name: dnsName('A HorizontalPodAutoscaler.', ['cart']),
      is: choice(['limited', 'scaling', 'unable'], {
        doc: 'limited: it wants more, or less, than it may. scaling: it wants another number than there is. unable: it cannot scale, or has no metrics.',
      }),
    },
    {},
    { doc: 'Fires while a HorizontalPodAutoscaler is like this.' },
  ),
} as const

const namespace = dnsName('The namespace.', ['shop'])
const inNamespace = joinFields({ namespace }, {})

const parameters = keyed<Watched>('kubernetes signal', kinds, {}, clusterFields, {
  beside: {
    endpoints: inNamespace,
    workload: inNamespace,
    restarts: inNamespace,
    hpa: inNamespace,
    event: joinFields({}, { namespace: dnsName('The namespace. Of events the default is all; those of nodes are in default.', ['shop']) }),
  },
})

/** Watches what a cluster's own controllers say. A watch that breaks is unknown until everything could be listed again. */
export const kubernetes = defineSignal<Watched>({
  name: 'kubernetes',
  summary: 'Watches what a Kubernetes cluster says of itself: endpoints, workloads, nodes, events, restarts, autoscalers',
  parameters,
  stage: 'D1',
  needs: watchNeeds,
  watch: (spec, every, seen, context) => kubernetesEye.watch(spec, every, seen, context),
})
