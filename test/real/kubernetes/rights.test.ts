import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { parseAllDocuments } from 'yaml'
import type { Plan } from '../../../src/domain/plan.ts'
import { type Place, place, recordOf, run } from '../../kit/cli.ts'
import { type Service, service } from '../../kit/service.ts'
import { writeKubeconfig } from '../parts/api.ts'
import { type ControlPlane, startControlPlane } from '../parts/control-plane.ts'
import { onCluster, writeDrill } from './kit/drill.ts'

const ACCOUNT = 'system:serviceaccount:firedrill:firedrill'
const POLICY = `apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules:
  - {level: Metadata, users: ["${ACCOUNT}"]}
  - {level: None}
`

interface Rule {
  readonly apiGroups: readonly string[]
  readonly resources: readonly string[]
  readonly verbs: readonly string[]
  readonly resourceNames?: readonly string[]
}

interface Manifest {
  readonly kind: string
  readonly metadata: { readonly name: string; readonly namespace?: string }
  readonly rules?: readonly Rule[]
}

interface Audited {
  readonly verb: string
  readonly objectRef?: {
    readonly resource?: string
    readonly subresource?: string
    readonly namespace?: string
    readonly name?: string
    readonly apiGroup?: string
  }
  readonly responseStatus?: { readonly code?: number }
}

let plane: ControlPlane
let at: Place
let front: Service
let file = ''
beforeAll(async () => {
  at = place()
  front = await service()
  writeFileSync(join(at.folder, 'policy.yaml'), POLICY)
  const flags = [`--audit-policy-file=${join(at.folder, 'policy.yaml')}`, `--audit-log-path=${join(at.folder, 'audit.log')}`]
  plane = await startControlPlane({ flags: { 'kube-apiserver': flags } })
  await plane.addNodes(2)
  await plane.namespace('shop')
  await plane.namespace('drills')
  await plane.deploy('cart', 2, { namespace: 'shop', service: true })
  file = writeDrill(at, {
    title: 'A service and a node',
    port: front.port,
    undoStore: `kubernetes:${plane.context}/drills`,
    targets: { service: { kind: 'service', namespace: 'shop', name: 'cart' }, node: { kind: 'node', name: 'node-0' } },
    faults: [
      { name: 'hole', fault: 'kubernetes/service-blackhole', target: 'service', for: '20s' },
      { name: 'cordon', fault: 'kubernetes/node-cordon', target: 'node', for: '20s' },
    ],
    // Held longer than the locks' first renewal, which is a right of its own.
    more: {
      signals: {
        served: { kubernetes: { endpoints: { service: 'cart' }, namespace: 'shop' } },
        up: { kubernetes: { node: { name: 'node-0' } } },
        heard: { kubernetes: { nodeLease: { name: 'node-0' } } },
        crashed: { kubernetes: { restarts: { selector: 'app=cart' }, namespace: 'shop' } },
      },
      objectives: { rto: { within: '2s', to: { probe: 'front', good: { min: '90%' } }, hold: '6s' } },
    },
  })
})
afterAll(async () => {
  await plane?.[Symbol.asyncDispose]()
  await front?.[Symbol.asyncDispose]()
  at?.[Symbol.dispose]()
})

/** A kubeconfig of the ServiceAccount that the manifests made, its context called like the administrator's. */
async function accountKubeconfig(): Promise<string> {
  const path = '/api/v1/namespaces/firedrill/serviceaccounts/firedrill/token'
  const { status } = await plane.api.call<{ status: { token: string } }>('POST', path, { spec: {} })
  return writeKubeconfig(join(at.folder, 'account.kubeconfig'), plane.context, { ...plane.access, token: status.token })
}

const rolesIn = (manifests: string): readonly Manifest[] =>
  parseAllDocuments(manifests)
    .map((document) => document.toJS() as Manifest)
    .filter(({ rules }) => rules !== undefined)

/** Every right by itself, in a form that is the same for what is granted and what was used. */
function keysOf({ metadata }: Manifest, { apiGroups, resources, verbs, resourceNames }: Rule): readonly string[] {
  return verbs.map((verb) => JSON.stringify([verb, apiGroups[0], resources[0], metadata.namespace ?? null, resourceNames?.[0] ?? null]))
}

const usedKeys = (audited: readonly Audited[], roles: readonly Manifest[]): ReadonlySet<string> =>
  new Set(
    audited.flatMap(({ verb, objectRef }) => {
      const resource = objectRef?.subresource === undefined ? objectRef?.resource : `${objectRef.resource}/${objectRef.subresource}`
      const fits = ({ apiGroups, resources, verbs, resourceNames }: Rule): boolean =>
        verbs.includes(verb) &&
        apiGroups[0] === (objectRef?.apiGroup ?? '') &&
        resources[0] === resource &&
        (resourceNames === undefined || resourceNames[0] === objectRef?.name)
      return roles
        .filter(({ metadata }) => metadata.namespace === undefined || metadata.namespace === objectRef?.namespace)
        .flatMap((role) => (role.rules ?? []).filter(fits).flatMap((rule) => keysOf(role, { ...rule, verbs: [verb] })))
    }),
  )

const audited = (): readonly Audited[] =>
  readFileSync(join(at.folder, 'audit.log'), 'utf8')
    .split('\n')
    .filter((line) => line.includes(ACCOUNT))
    .map((line) => JSON.parse(line) as Audited)

/** Used to read the records of the dead; and when the first list does not show the effect yet. */
const NOT_EVERY_TIME = ['"list","","configmaps"', '"watch","discovery.k8s.io","endpointslices"']

test('the printed roles are enough for plan and run, and every right in them is used', async () => {
  const printed = await run(['plan', file, '--rbac'], onCluster(at, plane.kubeconfig))
  expect(printed.code, printed.stderr).toBe(0)
  await plane.apply(printed.stdout)
  const env = onCluster(at, await accountKubeconfig())
  const planned = await run(['plan', file, '--json'], env)
  expect(planned.code, planned.stdout + planned.stderr).toBe(0)
  const ran = await run(['run', file, '--yes', '--out', at.out], env)
  expect(ran.code, ran.stdout + ran.stderr).toBe(0)
  expect(recordOf(at.out).faults.map(({ undo }) => undo)).toMatchObject([
    { state: 'undone', verified: true },
    { state: 'undone', verified: true },
  ])
  const roles = rolesIn(printed.stdout)
  const used = usedKeys(audited(), roles)
  const granted = roles.flatMap((role) => (role.rules ?? []).flatMap((rule) => keysOf(role, rule)))
  expect(granted.length).toBeGreaterThan(8)
  expect(granted.filter((key) => !used.has(key) && !NOT_EVERY_TIME.some((known) => key.includes(known)))).toEqual([])
  expect(audited().filter(({ responseStatus }) => responseStatus?.code === 403)).toEqual([])
})

test('a plan says the rights in words once, and where to get the manifests', async () => {
  const { stdout } = await run(['plan', file], onCluster(at, plane.kubeconfig))
  expect(stdout).toContain('patch services cart in shop')
  expect(stdout).toContain(`firedrill plan ${file} --rbac`)
  expect(stdout).not.toContain('apiVersion')
  expect(stdout).not.toMatch(/^\s+needs /m)
})

const without = (role: Manifest, index: number, verb: string): Manifest => ({
  ...role,
  rules: (role.rules ?? [])
    .map((rule, at) => (at === index ? { ...rule, verbs: rule.verbs.filter((each) => each !== verb) } : rule))
    .filter(({ verbs }) => verbs.length > 0),
})

/** Every granted right taken away by itself. */
const withoutEach = (roles: readonly Manifest[]) =>
  roles.flatMap((role) =>
    (role.rules ?? []).flatMap((rule, index) =>
      rule.verbs.map((verb) => ({ whole: role, less: without(role, index, verb), verb, resource: rule.resources[0] ?? '' })),
    ),
  )

const pathOf = ({ kind, metadata }: Manifest): string =>
  `/apis/rbac.authorization.k8s.io/v1${metadata.namespace === undefined ? '' : `/namespaces/${metadata.namespace}`}/${kind.toLowerCase()}s/${metadata.name}`

test('with any one verb less the plan refuses and names it, and nothing was done', async () => {
  const admin = onCluster(at, plane.kubeconfig)
  const printed = await run(['plan', file, '--rbac'], admin)
  const roles = rolesIn(printed.stdout)
  const env = onCluster(at, await accountKubeconfig())
  const before = await plane.kubectl('-n', 'shop', 'get', 'service', 'cart', '-o', 'jsonpath={.metadata.resourceVersion}')
  for (const { whole, less, verb, resource } of withoutEach(roles)) {
    await plane.api.call('PUT', pathOf(whole), less)
    // The API server learns of it by a watch of its own.
    const refused = await plane.waitFor(`the plan misses ${verb} ${resource}`, async () => {
      const ran = await run(['plan', file, '--json'], env)
      return ran.code === 4 && ran
    })
    // What planning itself needs to look is told by the API server; whatever else is missing is a list.
    const { refusals, error } = JSON.parse(refused.stdout) as Partial<Plan> & { readonly error?: { readonly message: string } }
    const said = error?.message ?? refusals?.map(({ text }) => text).join('\n') ?? ''
    expect(said).toMatch(new RegExp(`(You may not ${verb} ${resource}|cannot ${verb} resource "${resource}")`))
    await plane.api.call('PUT', pathOf(whole), whole)
  }
  expect(await plane.kubectl('-n', 'shop', 'get', 'service', 'cart', '-o', 'jsonpath={.metadata.resourceVersion}')).toBe(before)
})
