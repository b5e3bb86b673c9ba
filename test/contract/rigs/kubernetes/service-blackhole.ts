import { onPlane } from './on-plane.ts'

export const rigs = [
  onPlane({
    what: 'a service with two pods',
    spec: {},
    set: ({ plane, namespace }) => plane.deploy('cart', 2, { namespace, service: true }),
    select: () => ({ kind: 'service', name: 'cart' }),
    harmed: async ({ plane, namespace }) => {
      const selector = await plane.kubectl('-n', namespace, 'get', 'service', 'cart', '-o', 'jsonpath={.spec.selector}')
      return selector.includes('blackhole')
    },
  }),
]
