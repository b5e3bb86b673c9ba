import { createHash } from 'node:crypto'
import type { Context } from '../../contracts/context.ts'
import type { LoadInput } from '../../contracts/load.ts'
import type { Json, JsonObject } from '../../domain/json.ts'
import { apiVersionOf, KINDS } from '../../platforms/kubernetes/api/kinds.ts'
import { LOAD_PREFIX, loadLabels } from '../../platforms/kubernetes/change/made.ts'
import { RUN_LABEL } from '../../platforms/kubernetes/change/marks.ts'
import { GENERATED, generatedOptions, generatedRequest, readScript } from '../k6-script.ts'
import type { Spec } from './parameters.ts'

/** Under `/test` in the runners. */
const FILE = 'script.js'

/** A name for the TestRun and its script, the same for the same run; short, for the operator hangs `-initializer` and the like to it. */
export const nameFor = (run: string): string => `${LOAD_PREFIX}${createHash('sha256').update(run).digest('hex').slice(0, 10)}`

/** The script as it will be in the cluster. Throws a DrillError when it cannot be read. */
export const sourceOf = ({ script }: { readonly script?: string }, folder: string): string =>
  script === undefined ? GENERATED : readScript(script, folder)

const metadataOf = (name: string, namespace: string, run: string): JsonObject => ({
  name,
  namespace,
  labels: loadLabels(run),
})

export const configMapOf = ({ spec }: Pick<LoadInput<Spec>, 'spec'>, { run, folder }: Context): JsonObject => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: metadataOf(nameFor(run), spec.namespace, run),
  data: { [FILE]: sourceOf(spec, folder) },
})

/** The same traffic settings as for k6 on this machine; each runner does its share of them (execution segments). */
export function testRunOf(input: Pick<LoadInput<Spec>, 'spec' | 'rate' | 'ramp' | 'limit'>, context: Context): JsonObject {
  const { spec } = input
  const { run } = context
  return {
    apiVersion: apiVersionOf(KINDS.testrun),
    kind: KINDS.testrun.kind,
    metadata: metadataOf(nameFor(run), spec.namespace, run),
    spec: {
      parallelism: spec.parallelism,
      script: { configMap: { name: nameFor(run), file: FILE } },
      args: [...plainArgs(spec, context), ...spec.args],
      runner: {
        image: spec.image,
        env: environment(input, context),
        metadata: { labels: { [RUN_LABEL]: run } },
        ...(resourcesOf(spec) && { resources: resourcesOf(spec) }),
      },
    },
  }
}

/** What k6 would blur an outage by, where a script of one's own does not speak of it: arguments would override what it says. */
function plainArgs({ script }: Spec, { folder, run }: Context): readonly string[] {
  const tagged = ['--no-usage-report', '--tag', `firedrill_run=${run}`]
  if (script === undefined) return tagged
  const source = sourceOf({ script }, folder)
  return [
    ...tagged,
    ...(/\bdns\b/.test(source) ? [] : ['--dns=ttl=0']),
    ...(/\bnoConnectionReuse\b/.test(source) ? [] : ['--no-connection-reuse']),
  ]
}

function environment({ spec, rate, ramp, limit }: Pick<LoadInput<Spec>, 'spec' | 'rate' | 'ramp' | 'limit'>, context: Context): Json {
  const { url, method, timeout } = spec
  const generated =
    url === undefined
      ? {}
      : {
          FIREDRILL_REQUEST: JSON.stringify(generatedRequest({ url, method, timeout, headers: {} }, context)),
          FIREDRILL_OPTIONS: JSON.stringify(generatedOptions(rate, ramp, limit, timeout)),
        }
  const plain = { FIREDRILL_RATE: `${rate}`, FIREDRILL_RAMP: `${ramp}`, FIREDRILL_RUN: context.run, ...generated, ...spec.env }
  return [
    ...Object.entries(plain).map(([name, value]) => ({ name, value })),
    ...Object.entries(spec.secrets).map(([name, ref]) => ({ name, valueFrom: { secretKeyRef: secretOf(ref) } })),
  ]
}

const secretOf = (ref: string): JsonObject => {
  const [name = '', key = ''] = ref.split('/')
  return { name, key }
}

function resourcesOf({ cpu, memory }: Spec): JsonObject | undefined {
  if (cpu === undefined && memory === undefined) return undefined
  const each = { ...(cpu !== undefined && { cpu }), ...(memory !== undefined && { memory }) }
  return { requests: each, limits: each }
}
