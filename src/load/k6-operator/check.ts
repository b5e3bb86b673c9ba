import type { Context } from '../../contracts/context.ts'
import type { Need } from '../../contracts/preflight.ts'
import { describe, refused } from '../../domain/error.ts'
import { rate, seconds } from '../../domain/time.ts'
import { isConflict, isForbidden, isGone } from '../../platforms/kubernetes/api/api-error.ts'
import { type Cluster, connect } from '../../platforms/kubernetes/api/cluster.ts'
import { collectionPath, KINDS } from '../../platforms/kubernetes/api/kinds.ts'
import { needs } from '../../platforms/kubernetes/rights/needs.ts'
import { nameOf } from '../../platforms/kubernetes/target/select.ts'
import { k6Warnings } from '../k6-binary.ts'
import { sourceOf, testRunOf } from './objects.ts'
import type { Spec } from './parameters.ts'

/** What a ConfigMap holds at most, with room for the rest of it, bytes. */
const LARGEST_SCRIPT = 1_000_000

export function operatorNeeds(spec: Spec): readonly Need[] {
  const { namespace } = spec
  const cluster = nameOf(spec)
  return [
    ...needs(['create', 'get', 'delete'], { cluster, kind: KINDS.testrun, namespace }),
    ...needs(['create', 'get', 'delete'], { cluster, kind: KINDS.configmap, namespace }),
    ...needs(['list'], { cluster, kind: KINDS.pod, namespace }),
  ]
}

/** Refuses where the operator is not installed, or would not take what is asked of it. Reads only: the server is asked without keeping it. */
export async function checkOperator(
  spec: Spec,
  context: Context,
): Promise<{ readonly engine: string; readonly warnings: readonly string[] }> {
  if ((spec.script === undefined) === (spec.url === undefined))
    throw refused('A k6-operator load needs script or url, one of them', 'K6_WHAT', [
      'load: {k6-operator: {script: load.js, namespace: load}}',
    ])
  const source = sourceOf(spec, context.folder)
  if (Buffer.byteLength(source) > LARGEST_SCRIPT)
    throw refused(`The k6 script ${spec.script} is larger than a ConfigMap holds (${LARGEST_SCRIPT} bytes)`, 'K6_SCRIPT')
  if (/\bfrom\s*['"]\.{1,2}\//.test(source))
    throw refused(`The k6 script ${spec.script} imports other files, which would not be there: one file goes to the cluster`, 'K6_SCRIPT', [
      'npx esbuild SCRIPT --bundle --external:k6 --external:k6/* --format=esm',
    ])
  const cluster = await connect(nameOf(spec), context)
  await tryOut(cluster, spec, context)
  return {
    engine: `k6-operator ${spec.image}`,
    warnings: [
      'k6-samples: what the runners see stays with them, no request of theirs is in the measures; probes judge the drill, this is traffic only.',
      ...(spec.script === undefined ? [] : k6Warnings({}, source)),
    ],
  }
}

async function tryOut(cluster: Cluster, spec: Spec, context: Context): Promise<void> {
  const { group, version } = KINDS.testrun
  try {
    await cluster.ask({ method: 'GET', path: `/apis/${group}/${version}` }, context)
  } catch (error) {
    if (isGone(error))
      throw refused(
        `The cluster ${cluster.access.context} has no k6 Operator, and the experiment's load is k6-operator`,
        'K6_OPERATOR_MISSING',
        [
          'helm repo add grafana https://grafana.github.io/helm-charts; helm install k6-operator grafana/k6-operator -n k6-operator-system --create-namespace',
          'or run k6 here, load: {k6: …}',
        ],
      )
    throw error
  }
  // The rate is none of what could be refused.
  const body = testRunOf({ spec, rate: rate(1), ramp: seconds(0), limit: seconds(60) }, context)
  const path = collectionPath(KINDS.testrun, spec.namespace)
  try {
    await cluster.ask({ method: 'POST', path, body, query: { dryRun: 'All', fieldValidation: 'Strict' }, idempotent: true }, context)
  } catch (error) {
    // Rights that are missing are told together with all others; what is there already is this run's own.
    if (isForbidden(error) || isConflict(error)) return
    throw refused(
      `The k6 Operator of ${cluster.access.context} would not take the load (firedrill knows 1.6): ${describe(error)}`,
      'K6_OPERATOR',
      [],
      error,
    )
  }
}
