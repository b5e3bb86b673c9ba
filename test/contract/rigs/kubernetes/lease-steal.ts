import { onPlane } from './on-plane.ts'

export const rigs = [
  onPlane({
    what: 'the lease of a leader that has just gone',
    spec: {},
    set: async ({ plane, namespace }) => {
      const renewTime = new Date().toISOString().replace('Z', '000Z')
      await plane.api.call('POST', `/apis/coordination.k8s.io/v1/namespaces/${namespace}/leases`, {
        metadata: { name: 'leader' },
        spec: { holderIdentity: 'scoring-1', leaseDurationSeconds: 15, acquireTime: renewTime, renewTime, leaseTransitions: 3 },
      })
    },
    select: () => ({ kind: 'lease', name: 'leader' }),
    harmed: async ({ plane, namespace }) =>
      (await plane.kubectl('-n', namespace, 'get', 'lease', 'leader', '-o', 'jsonpath={.spec.holderIdentity}')) === 'firedrill/run',
  }),
]
