import { onPlane } from './on-plane.ts'
import { endpoints, read, statefulSet } from './workloads.ts'

export const rigs = [
  onPlane({
    what: 'a Deployment behind a service, to nothing',
    spec: { replicas: 0, autoscaled: false },
    set: async ({ plane, namespace }) => {
      await plane.deploy('cart', 2, { namespace, service: true })
      await endpoints({ plane, namespace }, 'cart', 2)
    },
    select: () => ({ kind: 'deployment', name: 'cart' }),
    harmed: async (stage) => (await read(stage, 'deployment', 'cart', '.spec.replicas')) === '0',
  }),
  onPlane({
    what: 'a StatefulSet behind a service, to one',
    brief: true,
    spec: { replicas: 1, autoscaled: false },
    set: (stage) => statefulSet(stage, 'db', 3),
    select: () => ({ kind: 'statefulset', name: 'db' }),
    harmed: async (stage) => (await read(stage, 'statefulset', 'db', '.spec.replicas')) === '1',
  }),
]
