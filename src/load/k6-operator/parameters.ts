import { choice, count, duration, list, mapOf, type Of, object, text, withDefault } from '../../domain/shape.ts'
import { clusterFields } from '../../platforms/kubernetes/target/fields.ts'

const quantity = (doc: string, examples: readonly string[]) =>
  text({ pattern: /^\d+(?:\.\d+)?(?:m|[kMG]i?)?$/, what: 'a quantity', doc, examples })

export const parameters = object(
  {
    namespace: text({ pattern: /^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/, what: 'a namespace', doc: 'Where the runners are.', examples: ['load'] }),
    parallelism: withDefault(count({ min: 1, max: 100, doc: 'How many runners share the rate. Default 1.' }), 1),
    image: withDefault(text({ doc: 'The k6 that they run.', examples: ['grafana/k6:1.8.1'] }), 'grafana/k6:1.8.1'),
    args: withDefault(list(text(), { doc: 'More arguments for `k6 run`.' }), []),
    env: withDefault(mapOf(text(), { key: 'text', doc: 'What the script finds in __ENV. It can be read in the cluster: no secrets.' }), {}),
    secrets: withDefault(
      mapOf(text({ pattern: /^[a-z0-9.-]+\/[\w.-]+$/, what: 'a Secret of the namespace and its key, NAME/KEY' }), {
        key: 'text',
        doc: 'The same from Secrets that are in the namespace already, NAME/KEY.',
        examples: ['{TOKEN: api/token}'],
      }),
      {},
    ),
    method: withDefault(choice(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'], { doc: 'With `url`; default GET.' }), 'GET'),
    timeout: withDefault(duration({ min: 0.001, doc: 'With `url`; default 5s.' }), '5s'),
    startWithin: withDefault(duration({ min: 1, doc: 'How long the runners may take to start. Default 2m.' }), '2m'),
  },
  {
    ...clusterFields,
    script: text({
      doc: 'A k6 script, one file without imports of others; its own options count. This or `url`.',
      examples: ['load/scoring.js'],
    }),
    url: text({
      pattern: /^https?:\/\/\S+$/,
      what: 'a URL',
      doc: 'Instead of a script: firedrill writes one that asks for this, open-loop, at the rate given.',
    }),
    cpu: quantity('CPU of a runner, asked for and at most.', ['500m']),
    memory: quantity('Memory of a runner, asked for and at most.', ['256Mi']),
  },
)
export type Spec = Of<typeof parameters>
