import { onPlane } from './on-plane.ts'

const uids = new Map<string, string>()

export const rigs = [
  onPlane({
    what: 'a pod of a Deployment behind a service, with a budget that allows it',
    spec: { wait: 5, bare: false },
    set: async ({ plane, namespace }) => {
      await plane.deploy('cart', 1, { namespace, service: true })
      await plane.kubectl('-n', namespace, 'create', 'poddisruptionbudget', 'cart', '--selector=app=cart', '--max-unavailable=1')
      uids.set(namespace, await plane.kubectl('-n', namespace, 'get', 'pods', '-o', 'jsonpath={.items[*].metadata.uid}'))
      await plane.waitFor('the budget is counted', async () => {
        const allowed = ['get', 'poddisruptionbudget', 'cart', '-o', 'jsonpath={.status.disruptionsAllowed}']
        return (await plane.kubectl('-n', namespace, ...allowed)) === '1'
      })
    },
    select: () => ({ selector: 'app=cart' }),
    // The one that was there first is gone; another has its place.
    harmed: async ({ plane, namespace }) => {
      const now = await plane.kubectl('-n', namespace, 'get', 'pods', '-o', 'jsonpath={.items[*].metadata.uid}')
      return !now.includes(uids.get(namespace) ?? '')
    },
  }),
]
