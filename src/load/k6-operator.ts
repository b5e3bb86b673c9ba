import { defineLoad } from '../contracts/load.ts'
import { checkOperator, operatorNeeds } from './k6-operator/check.ts'
import { cleanUpTestRun } from './k6-operator/leaves.ts'
import { parameters } from './k6-operator/parameters.ts'
import { startTestRun } from './k6-operator/session.ts'

/** k6 in the cluster: a TestRun that the k6 Operator spreads over runners. Its samples stay there. */
export const k6Operator = defineLoad({
  name: 'k6-operator',
  summary: 'k6 inside of a cluster, by the k6 Operator (1.6): traffic from several runners, without samples of its own',
  parameters,
  runs: 'process',
  needs: operatorNeeds,
  check: checkOperator,
  cleanUp: cleanUpTestRun,
  start: startTestRun,
})
