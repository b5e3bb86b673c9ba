import { SECRET } from '../../rig.ts'
import { onPlane, type Stage } from './on-plane.ts'
import { read, statefulSet } from './workloads.ts'

const ENV = '.spec.template.spec.containers[0].env'
const isFlipped = (kind: string, name: string) => async (stage: Stage) =>
  (await read(stage, kind, name, `${ENV}[?(@.name=="TOKEN")].value`)) === 'wrong'

export const rigs = [
  onPlane({
    what: 'a value that may be a secret',
    spec: { variable: 'TOKEN', value: 'wrong' },
    set: ({ plane, namespace }) => plane.deploy('cart', 2, { namespace, env: { MODE: 'on', TOKEN: SECRET } }),
    select: () => ({ kind: 'deployment', name: 'cart' }),
    harmed: isFlipped('deployment', 'cart'),
  }),
  onPlane({
    what: 'a reference to a Secret',
    brief: true,
    spec: { variable: 'TOKEN', value: 'wrong', container: 'app' },
    set: async ({ plane, namespace }) => {
      const valueFrom = { secretKeyRef: { name: 'vault', key: 'token', optional: true } }
      const app = { name: 'app', image: 'app:1', env: [{ name: 'TOKEN', valueFrom }] }
      await plane.deploy('cart', 1, { namespace, spec: { containers: [app, { name: 'side', image: 'side:1' }] } })
    },
    select: () => ({ kind: 'deployment', name: 'cart' }),
    harmed: async (stage) => !(await read(stage, 'deployment', 'cart', ENV)).includes('secretKeyRef'),
  }),
  onPlane({
    what: 'a StatefulSet without any variable',
    brief: true,
    spec: { variable: 'TOKEN', value: 'wrong' },
    set: (stage) => statefulSet(stage, 'db', 2),
    select: () => ({ kind: 'statefulset', name: 'db' }),
    harmed: isFlipped('statefulset', 'db'),
  }),
  onPlane({
    what: 'one more variable',
    brief: true,
    spec: { variable: 'TOKEN', value: '' },
    set: ({ plane, namespace }) => plane.deploy('cart', 1, { namespace, env: { MODE: 'on' } }),
    select: () => ({ kind: 'deployment', name: 'cart' }),
    harmed: async (stage) => (await read(stage, 'deployment', 'cart', `${ENV}[*].name`)) === 'MODE TOKEN',
  }),
]
