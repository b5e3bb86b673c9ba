import { defineProbe } from '../contracts/probe.ts'
import { refused } from '../domain/error.ts'
import { choice, joinFields, keyed, type Of, object, text, withDefault } from '../domain/shape.ts'
import { askNeeds } from '../platforms/kubernetes/observe/needs.ts'
import { kubernetesEye } from '../platforms/kubernetes/observe/observe.ts'
import { type Asked, READY_TEXT } from '../platforms/kubernetes/observe/questions.ts'
import { clusterFields, dnsName } from '../platforms/kubernetes/target/fields.ts'
import { textCheck, valueCheck } from '../platforms/net/check.ts'
import { latencyBounds, orLate } from './late.ts'

const kinds = {
  endpoints: object(
    { service: dnsName('A Service.', ['cart']) },
    {},
    { doc: 'Well while the Service has a ready endpoint (EndpointSlice), or as many as `expect.ready` says.' },
  ),
  workload: object(
    {
      kind: choice(['deployment', 'statefulset', 'daemonset'], { doc: 'What makes the pods.' }),
      name: dnsName('Its name.', ['cart']),
    },
    {},
    { doc: 'Well while all pods that it wants are ready, or as many as `expect.ready` says.' },
  ),
  node: object({ name: dnsName('A node.', ['worker-1']) }, {}, { doc: 'Well while the node is Ready.' }),
  api: object(
    {
      path: withDefault(
        text({
          pattern: /^\/[^?#\s]*$/,
          what: 'a path that begins with /',
          doc: 'What is asked of the API server. Default /readyz.',
          examples: ['/livez'],
        }),
        '/readyz',
      ),
    },
    {},
    { doc: 'Well while the API server answers. With `role: control` it tells a cluster in trouble from a control plane that cannot say.' },
  ),
} as const

const namespace = dnsName('The namespace.', ['shop'])
const inNamespace = joinFields({ namespace }, {})

const parameters = keyed<Asked>('kubernetes probe', kinds, {}, clusterFields, {
  beside: { endpoints: inNamespace, workload: inNamespace },
})

const expect = object(
  {},
  {
    ready: object(
      { min: text({ pattern: READY_TEXT, what: 'a number or a percentage, such as 2 or 80%', doc: 'The fewest that are enough.' }) },
      {},
      {
        doc: 'Of `endpoints` and `workload`: how many must be ready, as a number or a share. Default 1 endpoint, 100% of a workload.',
        examples: ['{min: 80%}'],
      },
    ),
    latency: latencyBounds('An answer of the API server'),
    body: textCheck('Of `api`: what the body must be.'),
  },
)

/**
 * One request to the API server each time. It sees what the control plane believes, seconds after clients have seen it, and fails with the
 * control plane: a probe from the client's side is worth more wherever there can be one.
 */
export const kubernetes = defineProbe<Asked, Of<typeof expect>>({
  name: 'kubernetes',
  summary: 'What a Kubernetes API server says of endpoints, a workload, a node or itself; a probe from the client’s side is worth more',
  parameters,
  expect,
  latencyBound: (of) => of.latency?.max,
  needs: askNeeds,
  async open(asked, wanted, context) {
    refuseOutOfPlace(asked, wanted)
    const right = wanted.body && valueCheck(wanted.body)
    const sight = await kubernetesEye.open(asked, { ...wanted.ready }, right !== undefined, context)
    return {
      async shoot(timeout) {
        const { start, end, outcome, code, body } = await sight.shoot(timeout)
        const judged = orLate({ outcome, code }, end - start, wanted.latency?.max)
        if (judged.outcome === 'full' && right && !right(body)) return { start, end, outcome: 'wrong', code: 'body' }
        return { start, end, ...judged }
      },
      close: () => sight.close(),
    }
  },
})

/** An expectation that is never looked at would look like one that is met. */
function refuseOutOfPlace({ kind }: Asked, { ready, body }: Of<typeof expect>): void {
  const counts = kind === 'endpoints' || kind === 'workload'
  const misplaced = ready !== undefined && !counts ? 'ready' : body !== undefined && kind !== 'api' ? 'body' : undefined
  if (misplaced !== undefined)
    throw refused(`A kubernetes probe of ${kind} says nothing that expect.${misplaced} could be held to.`, 'PROBE_EXPECT', [
      misplaced === 'ready' ? 'expect: {latency: {max: 1s}}' : 'expect: {ready: {min: 1}}',
    ])
}
