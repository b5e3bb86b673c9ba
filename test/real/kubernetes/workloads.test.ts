import { afterAll, describe, expect, test } from 'vitest'
import type { EffectSeen } from '../../../src/contracts/fault.ts'
import type { TargetKind } from '../../../src/platforms/kubernetes/target/target.ts'
import type { Stage } from '../../contract/rigs/kubernetes/on-plane.ts'
import { endpoints } from '../../contract/rigs/kubernetes/workloads.ts'
import type { Deploy } from '../parts/objects.ts'
import { endSharedPlane } from '../parts/shared-plane.ts'
import { type Faulted, faulted } from './stage.ts'

afterAll(endSharedPlane)

const CART = { kind: 'deployment', name: 'cart' } as const
const cart =
  (replicas = 1, options: Deploy = {}) =>
  (stage: Stage) =>
    stage.plane.deploy('cart', replicas, { namespace: stage.namespace, ...options })
const config =
  (name: string, data: object, more: object = {}) =>
  ({ plane, namespace }: Stage) =>
    plane.apply([{ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace }, data, ...more }])
const two = { spec: { containers: ['web', 'side'].map((name) => ({ name, image: `${name}:1`, resources: { limits: { cpu: '100m' } } })) } }
const settings = { kind: 'configmap', name: 'settings' } as const
const coredns = { kind: 'configmap', name: 'coredns' } as const
const servfail = { domain: 'a.example', answer: 'servfail', zone: '.:53' }

type Case = readonly [
  what: string,
  fault: string,
  spec: unknown,
  target: { readonly kind: TargetKind; readonly name: string },
  set: (stage: Stage) => Promise<unknown>,
  code: string,
  says: RegExp,
]
const CASES: readonly Case[] = [
  ['one of two containers', 'image-break', {}, CART, cart(1, two), 'CONTAINER', /web, side: say which/],
  ['another container', 'env-flip', { container: 'db', variable: 'A', value: 'b' }, CART, cart(1, two), 'CONTAINER', /none of them is db/],
  ['more pods', 'workload-scale', { replicas: 3, autoscaled: false }, CART, cart(2), 'NOT_FEWER', /2 replicas/],
  ['as many pods', 'workload-scale', { replicas: 2, autoscaled: false }, CART, cart(2), 'ALREADY_SO', /already/],
  ['a higher limit', 'resource-squeeze', { container: 'web', cpu: '0.2' }, CART, cart(1, two), 'NOT_LESS', /100m/],
  ['no limit', 'resource-squeeze', {}, CART, cart(), 'NO_LIMIT', /Nothing/],
  [
    'an immutable ConfigMap',
    'config-flip',
    { key: 'a', value: 'b' },
    settings,
    config('settings', { a: '1' }, { immutable: true }),
    'IMMUTABLE',
    /immutable/,
  ],
  [
    'a key that is not there',
    'config-flip',
    { key: 'b', value: 'b' },
    settings,
    config('settings', { a: '1' }),
    'CONFIG_KEY',
    /no entry b/,
  ],
  [
    'an entry too large to keep',
    'config-flip',
    { key: 'a', value: 'b' },
    settings,
    config('settings', { a: 'x'.repeat(200_000) }),
    'NO_ROOM_FOR_UNDO',
    /256 KiB/,
  ],
  ['no Corefile', 'dns-override', servfail, settings, config('settings', { a: '1' }), 'NO_COREFILE', /no Corefile/],
  ['no reload', 'dns-override', servfail, coredns, config('coredns', { Corefile: '. {\n    errors\n}\n' }), 'NO_RELOAD', /reload/],
  ['a broken Corefile', 'dns-override', servfail, coredns, config('coredns', { Corefile: '. {\n    reload\n' }), 'COREFILE', /understood/],
  ['another zone', 'dns-override', servfail, coredns, config('coredns', { Corefile: 'x.test {\n    reload\n}\n' }), 'NO_ZONE', /:53/],
  [
    'no address',
    'dns-override',
    { ...servfail, answer: '1.2.3' },
    coredns,
    config('coredns', { Corefile: '. {\n    reload\n}\n' }),
    'ANSWER',
    /1\.2\.3/,
  ],
]

test.each(CASES)('%s is refused: %s', async (_, fault, spec, target, set, code, says) => {
  await using it = await faulted(`kubernetes/${fault}`, spec, target, set)
  await expect(it.plan()).rejects.toMatchObject({ code, message: expect.stringMatching(says) })
})

/** Injects and waits for what there is to see. */
async function seen(it: Faulted): Promise<EffectSeen> {
  const input = it.scene.input() as never
  const mutation = await it.fault.plan(input, it.scene.context())
  const watching = it.fault.effect(input, mutation, it.scene.context({ signal: AbortSignal.timeout(8000) }))
  await it.fault.inject(input, mutation, it.scene.context())
  return watching
}

describe('what is proven', () => {
  test('a workload that no service sends traffic to: nothing, and who could see it', async () => {
    await using it = await faulted('kubernetes/workload-scale', { replicas: 0, autoscaled: false }, CART, cart(2))
    expect(await seen(it)).toMatchObject({ proven: false, level: 'data', how: expect.stringMatching(/no service.*probe/) })
  })

  test('fewer ready endpoints than are to be left: nothing, for it cannot be told apart', async () => {
    await using it = await faulted('kubernetes/workload-scale', { replicas: 1, autoscaled: false }, CART, async (stage) => {
      await cart(2, { service: true, image: 'cart:missing', wait: false })(stage)
      await stage.plane.waitFor('pods wait', async () =>
        (await stage.plane.kubectl('-n', stage.namespace, 'get', 'pods')).includes('ImagePull'),
      )
    })
    expect(await seen(it)).toMatchObject({ proven: false })
  })

  test('a bad release takes pods that serve where the strategy allows it, and then that is what is proven', async () => {
    await using it = await faulted('kubernetes/image-break', {}, CART, async (stage) => {
      await cart(4, { service: true })(stage)
      await endpoints(stage, 'cart', 4)
    })
    expect(await seen(it)).toMatchObject({ proven: true, level: 'data', how: expect.stringMatching(/of 4 ready endpoints, 3 are left/) })
  })

  test('where it does not, the kubelet tells, and no client need notice', async () => {
    await using it = await faulted('kubernetes/image-break', {}, CART, async (stage) => {
      await cart(2, { service: true })(stage)
      await endpoints(stage, 'cart', 2)
    })
    expect(await seen(it)).toMatchObject({
      proven: true,
      level: 'control',
      how: expect.stringMatching(/(ErrImagePull|ImagePullBackOff).*still do/),
    })
    expect(await it.stage.plane.endpoints('cart', it.stage.namespace)).toHaveLength(2)
  })

  test('how many pods have a setting is told, and that it proves nothing', async () => {
    await using it = await faulted('kubernetes/env-flip', { variable: 'MODE', value: 'off' }, CART, cart(3))
    expect(await seen(it)).toMatchObject({ proven: false, how: expect.stringMatching(/^3 of 3 pods.*probe: NAME/) })
  })
})
