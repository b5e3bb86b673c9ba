import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { EXIT } from '../../../src/domain/verdict.ts'
import { kubernetesNodeDrain } from '../../../src/faults/kubernetes/node-drain.ts'
import { kubernetesNodeTaint } from '../../../src/faults/kubernetes/node-taint.ts'
import { kubernetesPodEvict } from '../../../src/faults/kubernetes/pod-evict.ts'
import { kubernetesPodKill } from '../../../src/faults/kubernetes/pod-kill.ts'
import { snapshot } from '../../contract/rigs/kubernetes/snapshot.ts'
import { eventsOf, place, run } from '../../kit/cli.ts'
import { service } from '../../kit/service.ts'
import type { ControlPlane } from '../parts/control-plane.ts'
import { endSharedPlane, sharedPlane } from '../parts/shared-plane.ts'
import { begin, onCluster, writeDrill } from './kit/drill.ts'
import { codesOf, hand } from './kit/hands.ts'
import { spaces } from './kit/spaces.ts'

let plane: ControlPlane
beforeAll(async () => {
  plane = await sharedPlane()
})
afterAll(endSharedPlane)

const space = spaces('hands')

const uidsOf = async (namespace: string, selector: string): Promise<readonly string[]> =>
  (await plane.kubectl('-n', namespace, 'get', 'pods', '-l', selector, '-o', 'jsonpath={.items[*].metadata.uid}'))
    .split(' ')
    .filter(Boolean)

/** A budget that the controller has counted. */
async function budget(namespace: string, name: string, ...rule: readonly string[]): Promise<void> {
  await plane.kubectl('-n', namespace, 'create', 'poddisruptionbudget', name, ...rule)
  await plane.waitFor('the budget is counted', async () => {
    const current = ['get', 'poddisruptionbudget', name, '-o', 'jsonpath={.status.expectedPods}']
    return Number(await plane.kubectl('-n', namespace, ...current)) > 0
  })
}

const on = (node: string) => ({ nodeSelector: { 'kubernetes.io/hostname': node } })

describe('a pod that is evicted', () => {
  const spec = { bare: false, wait: 0 } as unknown as Parameters<typeof kubernetesPodEvict.plan>[0]['spec']

  test('stays where its budget refuses, which is named; goes as soon as the budget allows it', async () => {
    const namespace = await space()
    await plane.deploy('cart', 1, { namespace, service: true, spec: on('node-3') })
    await budget(namespace, 'cart-budget', '--selector=app=cart', '--min-available=1')
    const before = await uidsOf(namespace, 'app=cart')

    const once = await hand(plane, kubernetesPodEvict, { namespace, selector: 'app=cart' }, spec)
    const { warnings, refusals } = await once.preflight()
    expect(codesOf(warnings)).toEqual(['BEYOND_BUDGET'])
    expect(warnings[0]?.text).toContain(`${namespace}/cart-budget`)
    expect(refusals).toEqual([])
    await expect(once.plan().then(once.inject)).rejects.toMatchObject({
      code: 'BUDGET_REFUSED',
      message: expect.stringContaining(`${namespace}/cart-budget`),
    })
    expect(await uidsOf(namespace, 'app=cart')).toEqual(before)

    const patient = await hand(plane, kubernetesPodEvict, { namespace, selector: 'app=cart' }, { ...spec, wait: 30 as typeof spec.wait })
    const injecting = patient.plan().then(patient.inject)
    await plane.kubectl('-n', namespace, 'delete', 'poddisruptionbudget', 'cart-budget')
    await injecting
    await plane.waitFor('the pod is gone', async () => !(await uidsOf(namespace, 'app=cart')).includes(before[0] ?? ''))
  })

  test('under two budgets, which the API server refuses with a plain error, is told from a server that broke', async () => {
    const namespace = await space()
    await plane.deploy('cart', 1, { namespace, spec: on('node-3') })
    await budget(namespace, 'one', '--selector=app=cart', '--max-unavailable=1')
    await budget(namespace, 'two', '--selector=app=cart', '--max-unavailable=1')
    const { plan, inject } = await hand(plane, kubernetesPodEvict, { namespace, selector: 'app=cart' }, spec)
    await expect(plan().then(inject)).rejects.toMatchObject({ code: 'BUDGET_REFUSED', message: expect.stringMatching(/one and .*two/) })
  })

  test('is never the one that took its place', async () => {
    const namespace = await space()
    const pod = (name: string) => ({ metadata: { name }, spec: { containers: [{ name: 'app', image: 'app:1' }] } })
    const path = `/api/v1/namespaces/${namespace}/pods`
    await plane.api.call('POST', path, pod('db-0'))
    const evict = await hand(plane, kubernetesPodEvict, { namespace, name: 'db-0' }, { ...spec, bare: true })
    const kill = await hand(plane, kubernetesPodKill, { namespace, name: 'db-0' }, { grace: 0, bare: true, beyondBudget: false } as never)
    const [evicting, killing] = [await evict.plan(), await kill.plan()]
    await plane.api.call('DELETE', `${path}/db-0`, { gracePeriodSeconds: 0 })
    await plane.api.call('POST', path, pod('db-0'))
    const [uid] = await uidsOf(namespace, '')
    await expect(evict.inject(evicting)).rejects.toMatchObject({ code: 'TARGET_GONE' })
    await expect(kill.inject(killing)).rejects.toMatchObject({ code: 'TARGET_GONE' })
    expect(await uidsOf(namespace, '')).toEqual([uid])
    expect(codesOf((await (await hand(plane, kubernetesPodEvict, { namespace }, spec)).preflight()).refusals)).toEqual(['BARE_POD'])
    await plane.api.call('DELETE', `${path}/db-0`, { gracePeriodSeconds: 0 })
  })
})

describe('a node that is drained', () => {
  const spec = { bare: false, emptyDir: false, wait: 2 } as unknown as Parameters<typeof kubernetesNodeDrain.plan>[0]['spec']

  test('fails where a budget refuses, and everything is back: schedulable, the protected pod untouched', async () => {
    const namespace = await space()
    await plane.deploy('cart', 1, { namespace, service: true, spec: on('node-0') })
    await budget(namespace, 'cart', '--selector=app=cart', '--min-available=1')
    const [pods, before] = [await uidsOf(namespace, 'app=cart'), await snapshot(plane, namespace)]
    const drain = await hand(plane, kubernetesNodeDrain, { kind: 'node', name: 'node-0' }, spec)
    expect(codesOf((await drain.preflight()).warnings)).toEqual(['BEYOND_BUDGET'])
    const mutation = await drain.plan()
    await expect(drain.inject(mutation)).rejects.toMatchObject({ code: 'BUDGET_REFUSED' })
    expect(await plane.kubectl('get', 'node', 'node-0', '-o', 'jsonpath={.spec.unschedulable}')).toBe('true')
    expect(await drain.undo(mutation)).toMatchObject({ state: 'undone', verified: true })
    expect(await snapshot(plane, namespace)).toEqual(before)
    expect(await uidsOf(namespace, 'app=cart')).toEqual(pods)
  })

  test('by a drill, and refused: the drill is aborted, names the budget, and leaves the node schedulable', {
    timeout: 120_000,
  }, async () => {
    const namespace = await space()
    await plane.deploy('cart', 1, { namespace, service: true, spec: on('node-0') })
    await budget(namespace, 'cart', '--selector=app=cart', '--min-available=1')
    await using front = await service()
    using at = place()
    const targets = { node: { kind: 'node', name: 'node-0' } }
    const faults = [{ name: 'drain', fault: 'kubernetes/node-drain', target: 'node', wait: '2s', for: '20s' }]
    const file = writeDrill(at, { port: front.port, targets, faults })
    const ended = await run(['run', file, '--yes', '--out', at.out], { ...at.env, KUBECONFIG: plane.kubeconfig })
    expect(ended.code, ended.stdout + ended.stderr).toBe(EXIT.aborted)
    expect(eventsOf(at.out, 'fault.failed')[0]?.why).toMatch(/PodDisruptionBudget hands-.*refused for/)
    expect(eventsOf(at.out, 'undo.ended')).toMatchObject([{ state: 'undone' }])
    const node = await plane.kubectl('get', 'node', 'node-0', '-o', 'json')
    expect(node).not.toContain('firedrill')
    expect(node).not.toContain('unschedulable')
  })

  test('by a drill, and held up by a budget for longer than other faults take to bite: proven when it bites, in the default time', {
    timeout: 120_000,
  }, async () => {
    const namespace = await space()
    await plane.deploy('cart', 1, { namespace, service: true, spec: on('node-2') })
    await budget(namespace, 'cart', '--selector=app=cart', '--min-available=1')
    await using front = await service()
    using at = place()
    const targets = { node: { kind: 'node', name: 'node-2' } }
    const file = writeDrill(at, {
      port: front.port,
      targets,
      faults: [{ name: 'drain', fault: 'kubernetes/node-drain', target: 'node', for: '15s' }],
    })
    const { running, reached } = begin(file, onCluster(at, plane.kubeconfig), at.out)
    await reached('fault.intent')
    await new Promise((resolve) => setTimeout(resolve, 12_000))
    expect(eventsOf(at.out, 'effect')).toEqual([])
    await plane.kubectl('-n', namespace, 'delete', 'poddisruptionbudget', 'cart')
    await running.ended
    expect(eventsOf(at.out, 'effect')).toMatchObject([{ proven: true, level: 'data' }])
    expect(eventsOf(at.out, 'undo.ended')).toMatchObject([{ state: 'undone' }])
    await plane.kubectl('delete', 'namespace', namespace, '--wait=false')
    await plane.waitFor('the cart is gone', async () => (await uidsOf(namespace, 'app=cart')).length === 0)
  })

  test('keeps what would be lost, and says so; takes it when told to', async () => {
    const namespace = await space()
    const volumes = [{ name: 'scratch', emptyDir: {} }]
    await plane.deploy('cart', 1, { namespace, service: true, spec: on('node-1') })
    await plane.deploy('cache', 1, { namespace, spec: { ...on('node-1'), volumes } })
    await plane.api.call('POST', `/api/v1/namespaces/${namespace}/pods`, {
      metadata: { name: 'lonely', labels: { app: 'lonely' } },
      spec: { nodeName: 'node-1', containers: [{ name: 'app', image: 'app:1' }] },
    })
    const [cart, cache, lonely] = await Promise.all(['app=cart', 'app=cache', 'app=lonely'].map((app) => uidsOf(namespace, app)))
    const drain = await hand(plane, kubernetesNodeDrain, { kind: 'node', name: 'node-1' }, spec)
    const { warnings } = await drain.preflight()
    expect(warnings.map(({ text }) => text).join()).toMatch(/lonely.*bare: true.*cache-.*emptyDir: true/s)
    const mutation = await drain.plan()
    expect(mutation.witness).toEqual(cart)
    await drain.inject(mutation)
    await plane.waitFor('the cart left', async () => !(await uidsOf(namespace, 'app=cart')).includes(cart?.[0] ?? ''))
    expect(await uidsOf(namespace, 'app=cache')).toEqual(cache)
    expect(await uidsOf(namespace, 'app=lonely')).toEqual(lonely)
    expect(await drain.undo(mutation)).toMatchObject({ state: 'undone' })

    const all = await hand(plane, kubernetesNodeDrain, { kind: 'node', name: 'node-1' }, { ...spec, bare: true, emptyDir: true })
    const more = await all.plan()
    await all.inject(more)
    await plane.waitFor(
      'the others left',
      async () => !(await uidsOf(namespace, '')).some((uid) => [...(cache ?? []), ...(lonely ?? [])].includes(uid)),
    )
    expect(await all.undo(more)).toMatchObject({ state: 'undone' })
  })
})

describe('a node that is tainted', () => {
  const spec = { taint: 'NoExecute', beyondBudget: false, bare: false } as const

  test('loses the pods that do not tolerate it, in the data plane; keeps the others, and taints of others', async () => {
    const namespace = await space()
    const tolerations = [{ key: 'maintenance', operator: 'Exists', effect: 'NoExecute' }]
    await plane.deploy('cart', 1, { namespace, service: true, spec: on('node-2') })
    await plane.deploy('agent', 1, { namespace, service: true, spec: { ...on('node-2'), tolerations } })
    const [cart, agent] = [await uidsOf(namespace, 'app=cart'), await uidsOf(namespace, 'app=agent')]
    const taint = await hand(plane, kubernetesNodeTaint, { kind: 'node', name: 'node-2' }, { ...spec, key: 'maintenance' })
    const mutation = await taint.plan()
    expect(mutation.witness).toEqual(cart)
    const watching = kubernetesNodeTaint.effect(taint.input, mutation, { ...taint.context, signal: AbortSignal.timeout(10_000) })
    await taint.inject(mutation)
    expect(await watching).toMatchObject({ proven: true, level: 'data' })
    expect(await uidsOf(namespace, 'app=agent')).toEqual(agent)
    await plane.kubectl('taint', 'node', 'node-2', 'somebody=else:PreferNoSchedule')
    expect(await taint.undo(mutation)).toMatchObject({ state: 'undone', verified: true })
    expect(await plane.kubectl('get', 'node', 'node-2', '-o', 'jsonpath={.spec.taints[*].key}')).toBe('somebody')
    await plane.kubectl('taint', 'node', 'node-2', 'somebody-')
  })

  test('is refused for what would be gone for good or beyond a budget, and for keys of the cluster; pods of DaemonSets are warned of', async () => {
    const namespace = await space()
    const container = { name: 'app', image: 'app:1' }
    const labels = { app: 'plugin' }
    await plane.deploy('cart', 1, { namespace, spec: on('node-3') })
    await budget(namespace, 'cart', '--selector=app=cart', '--min-available=1')
    await plane.api.call('POST', `/api/v1/namespaces/${namespace}/pods`, {
      metadata: { name: 'lonely' },
      spec: { nodeName: 'node-3', containers: [container] },
    })
    await plane.api.call('POST', `/apis/apps/v1/namespaces/${namespace}/daemonsets`, {
      metadata: { name: 'plugin' },
      spec: { selector: { matchLabels: labels }, template: { metadata: { labels }, spec: { ...on('node-3'), containers: [container] } } },
    })
    await plane.waitFor('the plugin runs', async () => (await uidsOf(namespace, 'app=plugin')).length > 0)
    const node = { kind: 'node', name: 'node-3' } as const
    const { refusals, warnings } = await (await hand(plane, kubernetesNodeTaint, node, spec)).preflight()
    expect(codesOf(refusals)).toEqual(['BEYOND_BUDGET', 'BARE_POD'])
    expect(codesOf(warnings)).toEqual(['DAEMONSETS_LEAVE'])
    expect(codesOf((await (await hand(plane, kubernetesNodeTaint, node, { ...spec, taint: 'NoSchedule' })).preflight()).refusals)).toEqual(
      [],
    )
    const reserved = await hand(plane, kubernetesNodeTaint, node, { ...spec, key: 'node.kubernetes.io/unreachable' })
    await expect(reserved.plan()).rejects.toMatchObject({ code: 'TAINT_KEY' })
  })
})
