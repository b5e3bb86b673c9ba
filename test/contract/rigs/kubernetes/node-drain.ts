import { onPlane } from './on-plane.ts'

export const rigs = [
  onPlane({
    what: 'the node of two pods behind a service',
    spec: { wait: 5, emptyDir: false, bare: false },
    set: ({ plane, namespace }) =>
      plane.deploy('cart', 2, { namespace, service: true, spec: { nodeSelector: { 'kubernetes.io/hostname': 'node-2' } } }),
    // Or the next scene's drain would wait for these, which leave with their namespace.
    clear: async ({ plane, namespace }) => {
      await plane.kubectl('-n', namespace, 'delete', 'deployment', 'cart', '--cascade=foreground', '--wait')
    },
    select: () => ({ kind: 'node', name: 'node-2' }),
    harmed: async ({ plane }) => (await plane.kubectl('get', 'node', 'node-2', '-o', 'jsonpath={.spec.unschedulable}')) === 'true',
  }),
]
