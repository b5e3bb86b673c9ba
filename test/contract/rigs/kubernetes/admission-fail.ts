import { onPlane, type Stage } from './on-plane.ts'

/** As somebody else than the drill, which is exempt. */
const isRefused = async ({ plane, namespace }: Stage): Promise<boolean> => {
  const run = ['run', 'somebody-elses', '--image=app:1', '--dry-run=server', '--as=somebody', '--as-group=system:masters']
  return plane.kubectl('-n', namespace, ...run).then(
    () => false,
    (error: unknown) => String(error).includes('admission-fail.firedrill.dev'),
  )
}

export const rigs = [
  onPlane({
    what: 'creating pods in a namespace',
    spec: { resources: ['pods'], operations: ['CREATE'] },
    set: async () => undefined,
    select: ({ namespace }) => ({ kind: 'namespace', name: namespace }),
    harmed: isRefused,
  }),
  onPlane({
    what: 'every write of configmaps and deployments',
    brief: true,
    spec: { resources: ['configmaps', 'deployments'], operations: ['CREATE', 'UPDATE', 'DELETE'] },
    set: async () => undefined,
    select: ({ namespace }) => ({ kind: 'namespace', name: namespace }),
    harmed: async ({ plane, namespace }) => {
      const create = ['create', 'configmap', 'somebody-elses', '--dry-run=server', '--as=somebody', '--as-group=system:masters']
      return plane.kubectl('-n', namespace, ...create).then(
        () => false,
        (error: unknown) => String(error).includes('admission-fail.firedrill.dev'),
      )
    },
  }),
]
