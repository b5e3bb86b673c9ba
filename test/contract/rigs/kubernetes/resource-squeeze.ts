import { onPlane } from './on-plane.ts'
import { read, statefulSet } from './workloads.ts'

const RESOURCES = '.spec.template.spec.containers[0].resources'

export const rigs = [
  onPlane({
    what: 'a Deployment whose requests are above the new limits',
    spec: { cpu: '0.05', memory: '32Mi' },
    set: ({ plane, namespace }) => plane.deploy('cart', 2, { namespace }),
    select: () => ({ kind: 'deployment', name: 'cart' }),
    harmed: async (stage) =>
      (await read(stage, 'deployment', 'cart', RESOURCES)) ===
      '{"limits":{"cpu":"50m","memory":"32Mi"},"requests":{"cpu":"50m","memory":"32Mi"}}',
  }),
  onPlane({
    what: 'a StatefulSet, memory alone',
    brief: true,
    spec: { container: 'app', memory: '1Gi' },
    set: (stage) => statefulSet(stage, 'db', 2),
    select: () => ({ kind: 'statefulset', name: 'db' }),
    harmed: async (stage) => (await read(stage, 'statefulset', 'db', `${RESOURCES}.limits`)) === '{"memory":"1Gi"}',
  }),
]
