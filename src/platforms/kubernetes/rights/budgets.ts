import type { Context } from '../../../contracts/context.ts'
import type { PlanWarning } from '../../../domain/plan.ts'
import { type Cluster, reconnect } from '../api/cluster.ts'
import { KINDS } from '../api/kinds.ts'
import type { K8sObject } from '../api/objects.ts'
import type { ObjectRef } from '../target/target.ts'

export type LabelSelector = {
  readonly matchLabels?: Readonly<Record<string, string>>
  readonly matchExpressions?: readonly { readonly key: string; readonly operator: string; readonly values?: readonly string[] }[]
}

/** Whether a label selector of the API matches these labels. */
export function matches({ matchLabels = {}, matchExpressions = [] }: LabelSelector, labels: Readonly<Record<string, string>>): boolean {
  const fits = ({ key, operator, values = [] }: (typeof matchExpressions)[number]): boolean => {
    const value = labels[key]
    if (operator === 'Exists') return value !== undefined
    if (operator === 'DoesNotExist') return value === undefined
    const within = value !== undefined && values.includes(value)
    return operator === 'NotIn' ? !within : within
  }
  return Object.entries(matchLabels).every(([key, value]) => labels[key] === value) && matchExpressions.every(fits)
}

/** Whether a budget is about pods with these labels. One without a selector is about none, one with an empty selector about all. */
const protects = (budget: K8sObject['spec'], labels: Readonly<Record<string, string>>): boolean =>
  budget?.['selector'] !== undefined && matches(budget['selector'] as LabelSelector, labels)

/** The budgets that protect this pod, as `namespace/name`. */
export async function budgetsOf({ metadata }: K8sObject, cluster: Cluster, context: Context): Promise<readonly string[]> {
  const budgets = await cluster.list(KINDS.pdb, { namespace: metadata.namespace }, context)
  const own = budgets.filter(({ spec }) => protects(spec, metadata.labels ?? {}))
  return own.map((budget) => `${budget.metadata.namespace}/${budget.metadata.name}`)
}

/** A PodDisruptionBudget that these pods would exceed if all of them went at once. */
export interface Exceeded {
  readonly budget: string
  readonly pods: number
  readonly allowed: number
}

/** The budgets that losing these pods together breaks. Pods of one cluster. */
export async function exceededBudgets(pods: readonly ObjectRef[], context: Context): Promise<readonly Exceeded[]> {
  const namespaces = Map.groupBy(pods, ({ namespace }) => namespace ?? '')
  const found = await Promise.all([...namespaces].map(([namespace, of]) => exceededIn(namespace, of, context)))
  return found.flat()
}

async function exceededIn(namespace: string, pods: readonly ObjectRef[], context: Context): Promise<readonly Exceeded[]> {
  const [first] = pods
  if (!first) return []
  const cluster = await reconnect(first.cluster, context)
  const budgets = await cluster.list(KINDS.pdb, { namespace }, context)
  if (budgets.length === 0) return []
  const wanted = new Set(pods.map(({ uid }) => uid))
  const labels: Readonly<Record<string, string>>[] = []
  for await (const page of cluster.pages(KINDS.pod, { namespace }, context))
    for (const { metadata } of page.items) if (wanted.has(metadata.uid)) labels.push(metadata.labels ?? {})
  return budgets.flatMap((budget) => exceeded(budget, labels))
}

function exceeded({ metadata, spec, status }: K8sObject, labels: readonly Readonly<Record<string, string>>[]): readonly Exceeded[] {
  const count = labels.filter((of) => protects(spec, of)).length
  const allowed = Number(status?.['disruptionsAllowed'] ?? 0)
  return count > allowed ? [{ budget: `${metadata.namespace}/${metadata.name}`, pods: count, allowed }] : []
}

/** The same where the budget itself will say no in its time. */
export const budgetWarning = ({ budget, pods, allowed }: Exceeded): PlanWarning => ({
  code: 'BEYOND_BUDGET',
  text: `${pods} of these pods are protected by the PodDisruptionBudget ${budget}, which allows ${allowed} to go now: it refuses the others until it allows more.`,
})

export const budgetRefusal = ({ budget, pods, allowed }: Exceeded, unless: string): PlanWarning => ({
  code: 'BEYOND_BUDGET',
  text: `${pods} of these pods are protected by the PodDisruptionBudget ${budget}, which allows ${allowed} to go now: pick fewer, or say ${unless}.`,
})
