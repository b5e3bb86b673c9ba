import { onPlane } from './on-plane.ts'

const uids = new Map<string, string>()

export const rigs = [
  onPlane({
    what: 'a pod of a Deployment behind a service',
    spec: { grace: 0, beyondBudget: false, bare: false },
    set: async ({ plane, namespace }) => {
      await plane.deploy('cart', 1, { namespace, service: true })
      uids.set(namespace, await plane.kubectl('-n', namespace, 'get', 'pods', '-o', 'jsonpath={.items[*].metadata.uid}'))
    },
    select: () => ({ selector: 'app=cart' }),
    // The one that was there first is gone; another has its place.
    harmed: async ({ plane, namespace }) => {
      const now = await plane.kubectl('-n', namespace, 'get', 'pods', '-o', 'jsonpath={.items[*].metadata.uid}')
      return !now.includes(uids.get(namespace) ?? '')
    },
  }),
]
