import { onPlane } from './on-plane.ts'
import { read } from './workloads.ts'

const hpaOf = (namespace: string, behavior?: object) => ({
  apiVersion: 'autoscaling/v2',
  kind: 'HorizontalPodAutoscaler',
  metadata: { name: 'cart', namespace },
  spec: {
    scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'cart' },
    minReplicas: 1,
    maxReplicas: 4,
    metrics: [{ type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 50 } } }],
    ...(behavior && { behavior }),
  },
})

export const rigs = [
  onPlane({
    what: 'an autoscaler without a behavior of its own',
    spec: { direction: 'both' },
    set: async ({ plane, namespace }) => {
      await plane.apply([hpaOf(namespace)])
    },
    select: () => ({ kind: 'hpa', name: 'cart' }),
    harmed: async (stage) => (await read(stage, 'hpa', 'cart', '.spec.behavior')) !== '',
  }),
  onPlane({
    what: 'an autoscaler with policies, up alone',
    brief: true,
    spec: { direction: 'up' },
    set: async ({ plane, namespace }) => {
      const policies = [{ type: 'Pods', value: 3, periodSeconds: 20 }]
      await plane.apply([hpaOf(namespace, { scaleUp: { policies, selectPolicy: 'Min', stabilizationWindowSeconds: 5 } })])
    },
    select: () => ({ kind: 'hpa', name: 'cart' }),
    harmed: async (stage) => {
      const [up, down] = (
        await read(stage, 'hpa', 'cart', '.spec.behavior.scaleUp.selectPolicy} {.spec.behavior.scaleDown.selectPolicy')
      ).split(' ')
      return up === 'Disabled' && down === 'Max'
    },
  }),
]
