import type { Context } from '../../../contracts/context.ts'
import type { Need } from '../../../contracts/preflight.ts'
import { connect } from '../api/cluster.ts'
import type { Right } from './needs.ts'

const rightOf = ({ data }: Need): Right => data as unknown as Right

/** Reviews under way at once. */
const ABREAST = 10

/** Of these rights, those that the API server says this user does not have (`SelfSubjectAccessReview`). */
export async function missing(all: readonly Need[], context: Context): Promise<readonly string[]> {
  const distinct = [...new Map(all.map((need) => [JSON.stringify(need.data), need])).values()]
  const found: string[] = []
  const queue = distinct.values()
  const worker = async (): Promise<void> => {
    for (const need of queue) if (!(await isGranted(rightOf(need), context))) found.push(need.what)
  }
  await Promise.all(Array.from({ length: Math.min(ABREAST, distinct.length) }, worker))
  return found.toSorted()
}

async function isGranted(
  { cluster: name, verb, group, resource, subresource, namespace, name: object }: Right,
  context: Context,
): Promise<boolean> {
  const cluster = await connect(name, context)
  const resourceAttributes = {
    verb,
    group,
    resource,
    ...(subresource !== undefined && { subresource }),
    ...(namespace !== null && { namespace }),
    ...(object !== undefined && { name: object }),
  }
  const body = { apiVersion: 'authorization.k8s.io/v1', kind: 'SelfSubjectAccessReview', spec: { resourceAttributes } }
  const answer = await cluster.ask(
    { method: 'POST', path: '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews', body, idempotent: true },
    context,
  )
  return (JSON.parse(answer) as { status?: { allowed?: boolean } }).status?.allowed === true
}

interface Rule {
  readonly apiGroups: readonly string[]
  readonly resources: readonly string[]
  readonly verbs: readonly string[]
  readonly resourceNames?: readonly string[]
}

/** Rights of one resource and one name together; `create` and `list` cannot be held to a name by RBAC. */
function rulesOf(rights: readonly Right[]): readonly Rule[] {
  const grouped = Map.groupBy(rights, ({ group, resource, subresource, name, verb }) => {
    const named = name !== undefined && !['create', 'list', 'watch'].includes(verb)
    return JSON.stringify([group, subresource === undefined ? resource : `${resource}/${subresource}`, named ? name : null])
  })
  return [...grouped].map(([key, of]) => {
    const [group, resource, name] = JSON.parse(key) as [string, string, string | null]
    const verbs = [...new Set(of.map(({ verb }) => verb))].toSorted()
    return { apiGroups: [group], resources: [resource], verbs, ...(name !== null && { resourceNames: [name] }) }
  })
}

const ACCOUNT = { name: 'firedrill', namespace: 'firedrill' }

/** What a drill's name becomes in a role's: DNS-1123. */
const slug = (title: string): string =>
  title
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-+|-+$/g, '')
    .slice(0, 50) || 'drill'

const listOf = (values: readonly string[]): string => `[${values.map((value) => JSON.stringify(value)).join(', ')}]`

const ruleText = ({ apiGroups, resources, verbs, resourceNames }: Rule): string =>
  [
    `  - apiGroups: ${listOf(apiGroups)}`,
    `    resources: ${listOf(resources)}`,
    ...(resourceNames ? [`    resourceNames: ${listOf(resourceNames)}`] : []),
    `    verbs: ${listOf(verbs)}`,
  ].join('\n')

function roleText(name: string, namespace: string | null, rights: readonly Right[]): string {
  const kind = namespace === null ? 'ClusterRole' : 'Role'
  const place = namespace === null ? '' : `, namespace: ${namespace}`
  return `---
apiVersion: rbac.authorization.k8s.io/v1
kind: ${kind}
metadata: {name: ${name}${place}, labels: {app.kubernetes.io/managed-by: firedrill}}
rules:
${rulesOf(rights).map(ruleText).join('\n')}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ${kind}Binding
metadata: {name: ${name}${place}, labels: {app.kubernetes.io/managed-by: firedrill}}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ${kind}, name: ${name}}
subjects:
  - {kind: ServiceAccount, name: ${ACCOUNT.name}, namespace: ${ACCOUNT.namespace}}
`
}

/** A ServiceAccount for scheduled drills and roles with exactly these rights, ready for `kubectl apply -f -`. */
export function grant(all: readonly Need[], title: string): string {
  const rights = all.map(rightOf)
  const name = `firedrill-${slug(title)}`
  const byNamespace = Map.groupBy(rights, ({ namespace }) => namespace)
  const namespaces = [...byNamespace.keys()].toSorted((a, b) => (a ?? '').localeCompare(b ?? ''))
  return `apiVersion: v1
kind: Namespace
metadata: {name: ${ACCOUNT.namespace}}
---
apiVersion: v1
kind: ServiceAccount
metadata: {name: ${ACCOUNT.name}, namespace: ${ACCOUNT.namespace}}
${namespaces.map((namespace) => roleText(name, namespace, byNamespace.get(namespace) ?? [])).join('')}`
}
