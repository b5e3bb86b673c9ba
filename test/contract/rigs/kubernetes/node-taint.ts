import { onPlane, type Stage } from './on-plane.ts'

const isTainted = async ({ plane }: Stage): Promise<boolean> =>
  (await plane.kubectl('get', 'node', 'node-3', '-o', 'jsonpath={.spec.taints[*].key}')).includes('firedrill/run')

const defaults = { beyondBudget: false, bare: false }

export const rigs = [
  onPlane({
    what: 'the node of two pods behind a service',
    spec: { ...defaults, taint: 'NoExecute' },
    set: ({ plane, namespace }) =>
      plane.deploy('cart', 2, { namespace, service: true, spec: { nodeSelector: { 'kubernetes.io/hostname': 'node-3' } } }),
    select: () => ({ kind: 'node', name: 'node-3' }),
    harmed: isTainted,
  }),
  onPlane({
    what: 'a node that nothing new shall come to',
    brief: true,
    spec: { ...defaults, taint: 'NoSchedule' },
    set: async () => undefined,
    select: () => ({ kind: 'node', name: 'node-3' }),
    harmed: isTainted,
  }),
]
