import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { kubernetesLeaseSteal } from '../../../src/faults/kubernetes/lease-steal.ts'
import type { ControlPlane } from '../parts/control-plane.ts'
import { startElectors } from '../parts/electors.ts'
import { endSharedPlane, sharedPlane } from '../parts/shared-plane.ts'
import { hand } from './kit/hands.ts'
import { spaces } from './kit/spaces.ts'

let plane: ControlPlane
beforeAll(async () => {
  plane = await sharedPlane()
})
afterAll(endSharedPlane)

const space = spaces('lease')

const MICRO = (): string => new Date().toISOString().replace('Z', '000Z')

describe('a lease that is stolen', () => {
  const leases = (namespace: string) => `/apis/coordination.k8s.io/v1/namespaces/${namespace}/leases`
  interface Lease {
    readonly metadata: { readonly labels?: object; readonly annotations?: object; readonly resourceVersion: string }
    readonly spec: Readonly<Record<string, unknown>>
  }
  const leaseIn = (namespace: string, name = 'leader'): Promise<Lease> => plane.get<Lease>(`${leases(namespace)}/${name}`)
  const spec = { holderIdentity: 'scoring-1', leaseDurationSeconds: 7, leaseTransitions: 3 }
  async function led(): Promise<string> {
    const namespace = await space()
    await plane.api.call('POST', leases(namespace), { metadata: { name: 'leader' }, spec: { ...spec, renewTime: MICRO() } })
    return namespace
  }
  const target = (namespace: string, name = 'leader') => ({ kind: 'lease', namespace, name }) as const

  test('nobody leads; given free it has a leader at once, long before its time', { timeout: 60_000 }, async () => {
    const namespace = await space()
    await using electors = await startElectors(plane, namespace, 'leader', 3)
    const steal = await hand(plane, kubernetesLeaseSteal, target(namespace), {}, { longest: 60 })
    const mutation = await steal.plan()
    await steal.inject(mutation)
    await plane.waitFor('nobody leads', async () => electors.leader() === undefined, 15)
    const began = performance.now()
    expect(await steal.undo(mutation)).toMatchObject({ state: 'undone', verified: true })
    await plane.waitFor('somebody leads', async () => electors.leader() !== undefined, 15)
    expect(performance.now() - began).toBeLessThan(10_000)
    const { metadata } = await leaseIn(namespace)
    expect(metadata).toMatchObject({ name: 'leader' })
    expect(metadata.labels).toBeUndefined()
    expect(metadata.annotations).toBeUndefined()
  })

  test('and taken back by its leader is drifted, and left to it without a trace of ours', async () => {
    const namespace = await led()
    const steal = await hand(plane, kubernetesLeaseSteal, target(namespace), {})
    const mutation = await steal.plan()
    await steal.inject(mutation)
    const stolen = await leaseIn(namespace)
    expect(stolen.spec).toMatchObject({ holderIdentity: 'firedrill/run', leaseDurationSeconds: 60, leaseTransitions: 4 })
    const back = { ...stolen.spec, holderIdentity: 'scoring-1', leaseDurationSeconds: 7, renewTime: MICRO() }
    await plane.api.call('PUT', `${leases(namespace)}/leader`, { ...stolen, spec: back })
    expect(await steal.undo(mutation)).toMatchObject({ state: 'drifted', verified: true })
    const after = await leaseIn(namespace)
    expect(after.spec).toEqual(back)
    expect(after.metadata.labels).toBeUndefined()
    expect(await steal.undo(mutation)).toMatchObject({ state: 'not-injected' })
  })

  test('ends by itself, on the clock of the server; the undo only tidies up', async () => {
    const namespace = await led()
    const steal = await hand(plane, kubernetesLeaseSteal, target(namespace), {}, { longest: 1 })
    const mutation = await steal.plan()
    await steal.inject(mutation)
    await steal.context.clock.sleep(3.5 as never)
    expect(await steal.undo(mutation)).toMatchObject({ state: 'expired', verified: true })
    expect((await leaseIn(namespace)).spec).toMatchObject({ holderIdentity: '', leaseDurationSeconds: 7 })
  })

  test("of a kubelet, or firedrill's own lock, is refused", async () => {
    const node = await hand(plane, kubernetesLeaseSteal, { ...target('kube-node-lease', 'node-0'), system: true }, {})
    await expect(node.plan()).rejects.toMatchObject({ code: 'LEASE_OF_NODE' })
    const namespace = await space()
    await plane.api.call('POST', leases(namespace), { metadata: { name: 'firedrill' }, spec })
    const own = await hand(plane, kubernetesLeaseSteal, target(namespace, 'firedrill'), {})
    await expect(own.plan()).rejects.toMatchObject({ code: 'LEASE_OF_FIREDRILL' })
  })
})
