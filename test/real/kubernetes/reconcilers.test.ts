import { afterAll, describe, expect, test } from 'vitest'
import type { Stage } from '../../contract/rigs/kubernetes/on-plane.ts'
import { statefulSet } from '../../contract/rigs/kubernetes/workloads.ts'
import { endSharedPlane } from '../parts/shared-plane.ts'
import { faulted } from './stage.ts'

afterAll(endSharedPlane)

const CART = { kind: 'deployment', name: 'cart' } as const
const SCALE = 'kubernetes/workload-scale'
const toNothing = { replicas: 0, autoscaled: false }

const manifest = (namespace: string, replicas?: number, metadata: object = {}) => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'cart', namespace, ...metadata },
  spec: {
    ...(replicas !== undefined && { replicas }),
    selector: { matchLabels: { app: 'cart' } },
    template: { metadata: { labels: { app: 'cart' } }, spec: { containers: [{ name: 'app', image: 'app:1' }] } },
  },
})

const APPLY = 'application/apply-patch+yaml'
const applyAs = (manager: string, { plane, namespace }: Stage, object: ReturnType<typeof manifest>): Promise<unknown> =>
  plane.api.call('PATCH', `/apis/apps/v1/namespaces/${namespace}/deployments/cart?fieldManager=${manager}&force=true`, object, APPLY)

const rolledOut = ({ plane, namespace }: Stage): Promise<string> =>
  plane.kubectl('-n', namespace, 'rollout', 'status', 'deployment', 'cart', '--timeout=20s')

/** Put up by this tool, as it would be from a repository. */
const kept = (manager: string, replicas?: number, metadata?: object) => async (stage: Stage) => {
  await applyAs(manager, stage, manifest(stage.namespace, replicas, metadata))
  await rolledOut(stage)
}

const hpa = ({ namespace }: Stage, owner?: object) => ({
  apiVersion: 'autoscaling/v2',
  kind: 'HorizontalPodAutoscaler',
  metadata: { name: 'cart-scaler', namespace, ...(owner && { ownerReferences: [owner] }) },
  spec: { scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'cart' }, minReplicas: 1, maxReplicas: 9 },
})
const KEDA = {
  apiVersion: 'keda.sh/v1alpha1',
  kind: 'ScaledObject',
  name: 'cart-events',
  uid: '3f2a9f8e-0000-4000-8000-000000000001',
  controller: true,
}
const scaled = (owner?: object) => async (stage: Stage) => {
  await stage.plane.deploy('cart', 3, { namespace: stage.namespace })
  // Its owner must be there or the garbage collector takes it; a ConfigMap's uid will do.
  const uid =
    owner && (await stage.plane.kubectl('-n', stage.namespace, 'get', 'configmap', 'kube-root-ca.crt', '-o', 'jsonpath={.metadata.uid}'))
  await stage.plane.apply([hpa(stage, owner && { ...owner, uid })])
}

describe('tools that keep fields as they are written down elsewhere', () => {
  test.each([
    ['argocd-controller', 'Argo CD', 'argocd app set'],
    ['kustomize-controller', 'Flux', 'flux suspend kustomization'],
    ['helm-controller', 'Flux', 'flux suspend helmrelease'],
    ['helm', 'Helm', 'upgrades'],
  ])('%s owns the field: a warning says what it would do and what to do', async (manager, name, advice) => {
    await using it = await faulted(SCALE, toNothing, CART, kept(manager, 2))
    const { warnings, refusals } = await it.preflight()
    expect(refusals).toEqual([])
    expect(warnings).toEqual([{ code: 'RECONCILER', text: expect.stringContaining(name) }])
    for (const part of ['/spec/replicas', 'deployment', 'drifted', advice]) expect(warnings[0]?.text).toContain(part)
  })

  test('one that owns other fields leaves this one alone', async () => {
    await using it = await faulted(SCALE, { replicas: 0, autoscaled: false }, CART, kept('argocd-controller'))
    expect((await it.preflight()).warnings).toEqual([])
  })

  test('a container’s field is found by the name of the container', async () => {
    const set = kept('kustomize-controller', 1)
    await using image = await faulted('kubernetes/image-break', {}, CART, set)
    expect((await image.preflight()).warnings).toMatchObject([{ code: 'RECONCILER', text: expect.stringContaining('containers/0/image') }])
    await using env = await faulted('kubernetes/env-flip', { variable: 'MODE', value: 'off' }, CART, set)
    expect((await env.preflight()).warnings).toEqual([])
  })

  test.each([
    ['Argo CD', { annotations: { 'argocd.argoproj.io/tracking-id': 'shop:apps/Deployment:shop/cart' } }],
    ['Flux', { labels: { 'kustomize.toolkit.fluxcd.io/name': 'apps' } }],
    ['Helm', { annotations: { 'meta.helm.sh/release-name': 'cart' } }],
  ])('one that only tracks it (%s) may own the field', async (name, metadata) => {
    await using it = await faulted(SCALE, toNothing, CART, kept('kubectl', 2, metadata))
    expect((await it.preflight()).warnings).toEqual([{ code: 'RECONCILER', text: expect.stringContaining(`tracked by ${name}`) }])
  })

  test('one that writes it back in mid-drill has lifted the fault, and undo leaves its value alone', async () => {
    await using it = await faulted(SCALE, toNothing, CART, kept('argocd-controller', 2))
    const mutation = await it.inject()
    await applyAs('argocd-controller', it.stage, manifest(it.stage.namespace, 3))
    expect(await it.undo(mutation)).toMatchObject({ state: 'drifted', verified: true })
    expect(await it.kubectl('get', 'deployment', 'cart', '-o', 'jsonpath={.spec.replicas}')).toBe('3')
  })
})

describe('autoscalers', () => {
  test('at nothing one is inactive: a warning; at more it would move the number: refused, unless that is said to be wanted', async () => {
    await using none = await faulted(SCALE, toNothing, CART, scaled())
    expect(await none.preflight()).toMatchObject({
      refusals: [],
      warnings: [{ code: 'AUTOSCALED', text: expect.stringContaining('cart-scaler') }],
    })
    await using one = await faulted(SCALE, { replicas: 1, autoscaled: false }, CART, scaled())
    expect(await one.preflight()).toMatchObject({ refusals: [{ code: 'AUTOSCALED' }], warnings: [] })
    await using anyway = await faulted(SCALE, { replicas: 1, autoscaled: true }, CART, scaled())
    expect(await anyway.preflight()).toMatchObject({ refusals: [], warnings: [{ code: 'AUTOSCALED' }] })
  })

  test('KEDA scales from nothing, too: refused with how to pause it; its autoscaler is not frozen behind its back', async () => {
    await using it = await faulted(SCALE, toNothing, CART, scaled(KEDA))
    expect(await it.preflight()).toMatchObject({
      refusals: [{ code: 'AUTOSCALED', text: expect.stringContaining('annotate scaledobject cart-events') }],
    })
    const frozen = faulted('kubernetes/hpa-freeze', { direction: 'both' }, { kind: 'hpa', name: 'cart-scaler' }, scaled(KEDA))
    await using scaler = await frozen
    await expect(scaler.plan()).rejects.toMatchObject({ code: 'KEDA', next: [expect.stringContaining('autoscaling.keda.sh/paused')] })
  })

  test('one that measures by requests is told of when these change', async () => {
    await using it = await faulted('kubernetes/resource-squeeze', { cpu: '10m' }, CART, scaled())
    expect(await it.preflight()).toMatchObject({ refusals: [], warnings: [{ code: 'AUTOSCALED' }] })
  })
})

describe('rollouts', () => {
  const BAD = 'kubernetes/image-break'

  test('nothing is in the way of a plain workload, and the rights are those of inject and undo', async () => {
    await using it = await faulted(BAD, {}, CART, kept('kubectl', 1))
    const { refusals, warnings, needs } = await it.preflight()
    expect([refusals, warnings]).toEqual([[], []])
    const what = needs.map((need) => need.what.replace(` in ${it.stage.namespace}`, ''))
    expect(what).toEqual(
      expect.arrayContaining(['patch deployments cart', 'patch replicasets', 'list horizontalpodautoscalers', 'watch endpointslices']),
    )
  })

  test('a workload that is paused, or changes pods only when they are deleted, would never get it: refused', async () => {
    await using paused = await faulted(BAD, {}, CART, async (stage) => {
      await kept('kubectl', 1)(stage)
      await stage.plane.kubectl('-n', stage.namespace, 'rollout', 'pause', 'deployment', 'cart')
    })
    expect(await paused.preflight()).toMatchObject({ refusals: [{ code: 'NO_ROLLOUT', text: expect.stringContaining('paused') }] })
    await using manual = await faulted(BAD, {}, { kind: 'statefulset', name: 'db' }, async (stage) => {
      await statefulSet(stage, 'db', 2)
      const patch = JSON.stringify({ spec: { updateStrategy: { type: 'OnDelete', rollingUpdate: null } } })
      await stage.plane.kubectl('-n', stage.namespace, 'patch', 'statefulset', 'db', '--type=merge', '-p', patch)
    })
    expect(await manual.preflight()).toMatchObject({ refusals: [{ code: 'NO_ROLLOUT', text: expect.stringContaining('OnDelete') }] })
  })

  test('pods that a partition keeps back are told of; all of them: refused', async () => {
    const parted = (partition: number) => async (stage: Stage) => {
      await statefulSet(stage, 'db', 2)
      const patch = JSON.stringify({ spec: { updateStrategy: { rollingUpdate: { partition } } } })
      await stage.plane.kubectl('-n', stage.namespace, 'patch', 'statefulset', 'db', '--type=merge', '-p', patch)
    }
    const DB = { kind: 'statefulset', name: 'db' } as const
    await using some = await faulted(BAD, {}, DB, parted(1))
    await some.stage.plane.waitFor('it was seen', async () => (await some.preflight()).refusals.length === 0)
    expect(await some.preflight()).toMatchObject({ warnings: [{ code: 'PARTITION' }] })
    await using all = await faulted(BAD, {}, DB, parted(2))
    expect(await all.preflight()).toMatchObject({ refusals: [{ code: 'NO_ROLLOUT', text: expect.stringContaining('partition 2') }] })
  })

  test('one that is under way already: a new template is refused, fewer pods are a warning', async () => {
    const underWay = async (stage: Stage) => {
      await kept('kubectl', 2)(stage)
      await stage.plane.kubectl('-n', stage.namespace, 'set', 'image', 'deployment', 'cart', 'app=app:missing')
      await stage.plane.waitFor(
        'a new pod',
        async () => (await stage.plane.kubectl('-n', stage.namespace, 'get', 'rs', '-o', 'name')).trim().split('\n').length === 2,
      )
    }
    await using bad = await faulted(BAD, {}, CART, underWay)
    expect(await bad.preflight()).toMatchObject({ refusals: [{ code: 'ROLLOUT_UNDER_WAY' }] })
    await using fewer = await faulted(SCALE, toNothing, CART, underWay)
    expect(await fewer.preflight()).toMatchObject({ refusals: [], warnings: [{ code: 'ROLLOUT_UNDER_WAY' }] })
  })

  test('without a history undo starts anew: a warning', async () => {
    await using it = await faulted(BAD, {}, CART, async (stage) => {
      await kept('kubectl', 1)(stage)
      await stage.plane.kubectl('-n', stage.namespace, 'patch', 'deployment', 'cart', '-p', '{"spec":{"revisionHistoryLimit":0}}')
      await rolledOut(stage)
    })
    expect(await it.preflight()).toMatchObject({ refusals: [], warnings: [{ code: 'NO_HISTORY' }] })
  })
})
