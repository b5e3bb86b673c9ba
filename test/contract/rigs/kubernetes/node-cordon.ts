import { onPlane } from './on-plane.ts'

export const rigs = [
  onPlane({
    what: 'a node',
    spec: {},
    set: async () => undefined,
    select: () => ({ kind: 'node', name: 'node-1' }),
    harmed: async ({ plane }) => (await plane.kubectl('get', 'node', 'node-1', '-o', 'jsonpath={.spec.unschedulable}')) === 'true',
  }),
]
