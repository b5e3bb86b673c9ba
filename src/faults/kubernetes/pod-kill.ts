import { duration, flag, type Of, object, withDefault } from '../../domain/shape.ts'
import { isConflict } from '../../platforms/kubernetes/api/api-error.ts'
import { KINDS } from '../../platforms/kubernetes/api/kinds.ts'
import { kubectl } from '../../platforms/kubernetes/change/kubectl.ts'
import { budgetRefusal, exceededBudgets } from '../../platforms/kubernetes/rights/budgets.ts'
import { needs } from '../../platforms/kubernetes/rights/needs.ts'
import { bare, podFault } from './pod-fault.ts'

const parameters = object({
  grace: withDefault(duration({ doc: 'How long the pod may take to end. Default 0s: killed at once, as in a crash.' }), '0s'),
  beyondBudget: withDefault(flag({ doc: 'Also when a PodDisruptionBudget would not allow it: a crash asks nobody.' }), false),
  bare,
})
type Spec = Of<typeof parameters>

const graceOf = ({ grace }: Spec): number => Math.round(grace)

/** Deletes exactly the pod that was pinned. */
export const kubernetesPodKill = podFault<Spec>({
  name: 'kubernetes/pod-kill',
  summary: 'Kills pods at once; whatever owns them makes new ones',
  parameters,
  permissions: ['delete pods', 'list and watch endpointslices', 'list poddisruptionbudgets'],
  done: 'killed',
  call({ cluster, namespace, name, uid }, spec) {
    const force = spec.grace < 1 ? ['--force'] : []
    return `${kubectl(cluster, namespace, 'delete', 'pod', name, `--grace-period=${graceOf(spec)}`, ...force)}   # only if its uid is ${uid}`
  },
  take: (cluster, { namespace, name, uid }, spec, context) =>
    cluster
      .remove(KINDS.pod, namespace ?? undefined, name, { uid, grace: graceOf(spec) }, context)
      .catch((error: unknown) => (isConflict(error) ? false : Promise.reject(error))),
  async budgets(pods, { beyondBudget }, context) {
    const exceeded = beyondBudget ? [] : await exceededBudgets(pods, context)
    return { refusals: exceeded.map((each) => budgetRefusal(each, 'beyondBudget: true')), warnings: [] }
  },
  needs: ({ cluster, namespace }) => needs(['list', 'delete'], { cluster, kind: KINDS.pod, namespace }),
})
