import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { EXIT } from '../../../src/domain/verdict.ts'
import { kubernetesAdmissionFail } from '../../../src/faults/kubernetes/admission-fail.ts'
import { kubernetesNetworkDeny } from '../../../src/faults/kubernetes/network-deny.ts'
import { lock } from '../../../src/platforms/kubernetes/hold/lock.ts'
import { clusterStore } from '../../../src/platforms/kubernetes/hold/store.ts'
import { eventsOf, place, recordOf, run } from '../../kit/cli.ts'
import { service } from '../../kit/service.ts'
import type { ControlPlane } from '../parts/control-plane.ts'
import { endSharedPlane, sharedPlane } from '../parts/shared-plane.ts'
import { writeDrill } from './kit/drill.ts'
import { codesOf, hand } from './kit/hands.ts'
import { spaces } from './kit/spaces.ts'

let plane: ControlPlane
beforeAll(async () => {
  plane = await sharedPlane()
})
afterAll(endSharedPlane)

const space = spaces('space')

describe('traffic that is denied', () => {
  const spec = { direction: 'both', ports: [], from: [], to: [] } as const
  const policies = (namespace: string) => `/apis/networking.k8s.io/v1/namespaces/${namespace}/networkpolicies`

  test('is refused where another policy would let it through; a denial or a policy of the other direction is in nobody’s way', async () => {
    const namespace = await space()
    await plane.deploy('cart', 1, { namespace })
    const policy = (name: string, of: object) => plane.api.call('POST', policies(namespace), { metadata: { name }, spec: of })
    await policy('deny-all', { podSelector: {}, policyTypes: ['Ingress', 'Egress'] })
    await policy('allow-others', { podSelector: { matchLabels: { app: 'other' } }, ingress: [{}] })
    await policy('allow-in', { podSelector: { matchLabels: { app: 'cart' } }, ingress: [{ from: [{ podSelector: {} }] }] })
    const target = { kind: 'deployment', namespace, name: 'cart' } as const
    const both = await (await hand(plane, kubernetesNetworkDeny, target, spec)).preflight()
    expect(codesOf(both.refusals)).toEqual(['ADDITIVE_POLICY'])
    expect(both.refusals[0]?.text).toContain(`${namespace}/allow-in lets`)
    expect(codesOf(both.warnings)).toEqual(['CNI_MAY_NOT_ENFORCE'])
    const out = await (await hand(plane, kubernetesNetworkDeny, target, { ...spec, direction: 'egress' })).preflight()
    expect(out.refusals).toEqual([])
  })

  test('of pods on the network of their host is refused; a plugin that enforces policies is known', async () => {
    const namespace = await space()
    await plane.deploy('agent', 1, { namespace, spec: { hostNetwork: true } })
    const labels = { app: 'calico' }
    const container = { name: 'app', image: 'app:1' }
    await plane.api.call('POST', `/apis/apps/v1/namespaces/${namespace}/daemonsets`, {
      metadata: { name: 'calico-node' },
      spec: { selector: { matchLabels: labels }, template: { metadata: { labels }, spec: { containers: [container] } } },
    })
    const { refusals, warnings } = await (await hand(plane, kubernetesNetworkDeny, { kind: 'deployment', namespace }, spec)).preflight()
    expect(codesOf(refusals)).toEqual(['HOST_NETWORK'])
    expect(warnings).toEqual([])
    await plane.kubectl('-n', namespace, 'delete', 'daemonset', 'calico-node')
  })

  test('for one pod is not for its siblings; where nothing enforces it, nothing is proven; what the plugin is told is exact', async () => {
    const namespace = await space()
    await plane.deploy('cart', 3, { namespace })
    const deny = await hand(
      plane,
      kubernetesNetworkDeny,
      { namespace, selector: 'app=cart' },
      { ...spec, ports: [8080], from: [{ podSelector: {} }] },
    )
    const mutation = await deny.plan()
    const watching = kubernetesNetworkDeny.effect(deny.input, mutation, { ...deny.context, signal: AbortSignal.timeout(1500) })
    await deny.inject(mutation)
    expect(await watching).toMatchObject({ proven: false, at: null, how: expect.stringMatching(/effect: \{probe: NAME\}|still accepts/) })
    const { items } = await plane.get<{ items: { spec: Record<string, unknown> }[] }>(policies(namespace))
    expect(items[0]?.spec).toMatchObject({
      policyTypes: ['Ingress', 'Egress'],
      ingress: [
        {
          ports: [
            { protocol: 'TCP', port: 1, endPort: 8079 },
            { protocol: 'TCP', port: 8081, endPort: 65_535 },
            { protocol: 'UDP' },
            { protocol: 'SCTP' },
          ],
        },
        { from: [{ podSelector: {} }] },
      ],
    })
    const selected = await plane.kubectl('-n', namespace, 'get', 'pods', '-l', 'firedrill/deny', '-o', 'name')
    expect(selected.trim().split('\n')).toEqual([`pod/${deny.input.target?.label.split('/')[1]}`])
    expect(await deny.undo(mutation)).toMatchObject({ state: 'undone', verified: true })
    expect((await plane.kubectl('-n', namespace, 'get', 'pods,networkpolicies', '-o', 'json')).includes('firedrill')).toBe(false)
  })
})

test('a drill of a denial that nothing enforces ends as unknown, without an effect, and leaves nothing', { timeout: 120_000 }, async () => {
  const namespace = await space()
  await plane.deploy('cart', 2, { namespace })
  await using front = await service()
  using at = place()
  const file = writeDrill(at, {
    port: front.port,
    targets: { cart: { kind: 'deployment', namespace, name: 'cart' } },
    faults: [{ name: 'cut', fault: 'kubernetes/network-deny', target: 'cart', direction: 'ingress', for: '20s', effect: { within: '2s' } }],
  })
  const ended = await run(['run', file, '--yes', '--out', at.out], { ...at.env, KUBECONFIG: plane.kubeconfig })
  expect(recordOf(at.out), ended.stdout + ended.stderr).toMatchObject({ verdict: 'unknown' })
  expect(eventsOf(at.out, 'effect.partial')).toMatchObject([{ fault: 'cut', affected: 0 }])
  expect(ended.code).toBe(EXIT.unknown)
  expect(eventsOf(at.out, 'undo.ended')).toMatchObject([{ state: 'undone' }])
  expect(await plane.kubectl('-n', namespace, 'get', 'networkpolicies', '-o', 'name')).toBe('')
})

describe('admission that fails', () => {
  const everything = {
    resources: ['pods', 'configmaps', 'services', 'deployments', 'replicasets', 'statefulsets', 'daemonsets'],
    operations: ['CREATE', 'UPDATE', 'DELETE'],
  } as const
  const anything = [{ apiGroups: ['*'], resources: ['*'], verbs: ['*'] }]

  test('keeps nobody from locks, undo records and undo, whoever undoes it and from wherever', { timeout: 120_000 }, async () => {
    const namespace = await space()
    await plane.deploy('cart', 1, { namespace })
    const other = await plane.user('rescuer', anything)
    const fail = await hand(plane, kubernetesAdmissionFail, { kind: 'namespace', name: namespace }, everything, { longest: 5 })
    const mutation = await fail.plan()
    const watching = kubernetesAdmissionFail.effect(fail.input, mutation, { ...fail.context, signal: AbortSignal.timeout(10_000) })
    await fail.inject(mutation)
    expect(await watching).toMatchObject({ proven: true, level: 'data' })

    await expect(
      plane.kubectl('-n', namespace, 'label', 'deployment', 'cart', 'by=hand', '--as=somebody', '--as-group=system:masters'),
    ).rejects.toThrow('admission-fail.firedrill.dev')
    // The drill's own writes pass, and those of a stranger who tidies up after it.
    await plane.kubectl('-n', namespace, 'label', 'deployment', 'cart', 'by=hand')
    const target = { kind: 'namespace', name: namespace } as const
    const rescuer = await hand(plane, kubernetesAdmissionFail, target, everything, { kubeconfig: other, run: 'rescue' })
    const held = await lock(rescuer.input.target ? [rescuer.input.target] : [], { run: 'rescue', system: 'shop' }, rescuer.context)
    await held.release()
    const store = await clusterStore.open(`kubernetes:rescuer/${namespace}`, rescuer.context)
    const record = {
      id: 'fail#1/0',
      run: 'run',
      fault: 'fail',
      kind: 'kubernetes/admission-fail',
      version: 1,
      target: namespace,
      command: '',
      expires: null,
      due: 0,
    }
    await store.put({ ...record, data: mutation.undo })
    expect((await store.list('run')).length).toBeGreaterThan(0)
    await store.remove('run', record.id)

    using at = place()
    const env = { ...at.env, KUBECONFIG: other }
    const ended = await run(['undo', '--run', 'run', '--store', 'kubernetes:rescuer', '--yes'], env)
    expect(ended.code, ended.stdout + ended.stderr).toBe(0)
    expect(await plane.kubectl('get', 'validatingwebhookconfigurations', '-o', 'name')).toBe('')
    expect(await fail.undo(mutation)).toMatchObject({ state: 'not-injected' })
    await plane.kubectl('-n', namespace, 'create', 'configmap', 'again', '--as=somebody', '--as-group=system:masters')
  })

  test('in a namespace that refuses pods anyway proves nothing; of the system it is refused', async () => {
    const namespace = await space()
    await plane.apply([{ apiVersion: 'v1', kind: 'ResourceQuota', metadata: { name: 'none', namespace }, spec: { hard: { pods: '0' } } }])
    const pods = { resources: ['pods'], operations: ['CREATE'] } as const
    const fail = await hand(plane, kubernetesAdmissionFail, { kind: 'namespace', name: namespace }, pods)
    await plane.waitFor('the quota is counted', async () => typeof (await fail.plan()).witness === 'string')
    const mutation = await fail.plan()
    const seen = await kubernetesAdmissionFail.effect(fail.input, mutation, { ...fail.context, signal: AbortSignal.timeout(1000) })
    expect(seen).toMatchObject({ proven: false, at: null, how: expect.stringContaining('refused before the fault') })
    const system = await hand(plane, kubernetesAdmissionFail, { kind: 'namespace', name: 'kube-system', system: true }, pods)
    await expect(system.plan()).rejects.toMatchObject({ code: 'SYSTEM_NAMESPACE' })
  })
})
