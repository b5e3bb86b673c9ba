import { onPlane } from './on-plane.ts'
import { daemonSet, endpoints, read, statefulSet } from './workloads.ts'

const IMAGES = '.spec.template.spec.containers[*].image'

export const rigs = [
  onPlane({
    what: 'a Deployment of two, none of which may be missing',
    spec: {},
    set: async ({ plane, namespace }) => {
      await plane.deploy('cart', 2, { namespace, service: true, image: 'registry.test:5000/shop/cart:1.4' })
      await endpoints({ plane, namespace }, 'cart', 2)
    },
    select: () => ({ kind: 'deployment', name: 'cart' }),
    harmed: async (stage) => (await read(stage, 'deployment', 'cart', IMAGES)) === 'registry.test:5000/shop/cart:firedrill-missing',
  }),
  onPlane({
    what: 'a StatefulSet, which would wait for the pod that never becomes ready',
    brief: true,
    spec: { container: 'app', image: 'other:missing' },
    set: (stage) => statefulSet(stage, 'db', 3),
    select: () => ({ kind: 'statefulset', name: 'db' }),
    harmed: async (stage) => {
      if ((await read(stage, 'statefulset', 'db', IMAGES)) !== 'app:1') return true
      // Back is only what serves again.
      await endpoints(stage, 'db', 3)
      return false
    },
  }),
  onPlane({
    what: 'a DaemonSet',
    brief: true,
    spec: {},
    set: (stage) => daemonSet(stage, 'agent'),
    select: () => ({ kind: 'daemonset', name: 'agent' }),
    harmed: async (stage) => (await read(stage, 'daemonset', 'agent', IMAGES)) === 'app:firedrill-missing',
  }),
]
