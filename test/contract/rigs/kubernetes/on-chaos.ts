import { type ChaosController, HIT, startChaosController } from '../../../real/parts/chaos-controller.ts'
import { CHAOS_MESH, crdsMissing, installCrds } from '../../../real/parts/crds.ts'
import type { Rig } from '../../rig.ts'
import { onPlane } from './on-plane.ts'

const controllers = new Map<string, ChaosController>()

/** A Deployment of two pods and a stranger with the same labels, on a control plane where Chaos Mesh is played; only what is picked may be hit. */
export const onChaos = (kind: string, spec: unknown, of: 'pod' | 'deployment' = 'pod'): Rig =>
  onPlane({
    what: `a ${of}, with ${kind} of a Chaos Mesh that is played`,
    brief: of !== 'pod',
    needs: () => crdsMissing(CHAOS_MESH),
    spec,
    async set({ plane, namespace }) {
      await installCrds(plane, CHAOS_MESH)
      await plane.deploy('cart', 2, { namespace })
      await plane.apply([
        {
          apiVersion: 'v1',
          kind: 'Pod',
          metadata: { name: 'stranger', namespace, labels: { app: 'cart' } },
          spec: { containers: [{ name: 'app', image: 'app:1' }] },
        },
      ])
      await plane.kubectl('-n', namespace, 'wait', '--for=condition=Ready', 'pod/stranger', '--timeout=30s')
      controllers.set(namespace, startChaosController(plane))
    },
    select: () => (of === 'pod' ? { selector: 'app=cart,pod-template-hash' } : { kind: 'deployment', name: 'cart' }),
    async harmed({ plane, namespace }) {
      const pods = await plane.get<{ items: { metadata: { name: string; annotations?: Record<string, string> } }[] }>(
        `/api/v1/namespaces/${namespace}/pods`,
      )
      const hit = pods.items.filter(({ metadata }) => metadata.annotations?.[HIT] !== undefined).map(({ metadata }) => metadata.name)
      const picked = of === 'pod' ? 1 : 2
      if (hit.includes('stranger') || ![0, picked].includes(hit.length)) throw new Error(`hit: ${hit.join(', ')}`)
      return hit.length > 0
    },
    async clear({ namespace }) {
      await controllers.get(namespace)?.[Symbol.asyncDispose]()
      controllers.delete(namespace)
    },
  })
