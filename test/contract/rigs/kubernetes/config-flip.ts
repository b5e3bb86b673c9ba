import { SECRET } from '../../rig.ts'
import { onPlane } from './on-plane.ts'
import { read } from './workloads.ts'

export const rigs = [
  onPlane({
    what: 'an entry that may be a secret',
    spec: { key: 'settings.yaml', value: 'mode: off\n' },
    set: async ({ plane, namespace }) => {
      await plane.apply([
        {
          apiVersion: 'v1',
          kind: 'ConfigMap',
          metadata: { name: 'settings', namespace },
          data: { 'settings.yaml': `token: ${SECRET}\nmode: on\n`, other: 'kept' },
        },
      ])
    },
    select: () => ({ kind: 'configmap', name: 'settings' }),
    harmed: async (stage) => (await read(stage, 'configmap', 'settings', '.data.settings\\.yaml')) === 'mode: off\n',
  }),
]
