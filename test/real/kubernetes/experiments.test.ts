import { globSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { basename, delimiter, dirname } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { DrillRecord } from '../../../src/domain/record.ts'
import { snapshot } from '../../contract/rigs/kubernetes/snapshot.ts'
import { eventsOf, type Place, root } from '../../kit/cli.ts'
import { drillAndCheck } from '../../kit/experiment.ts'
import { startClusterDns } from '../parts/cluster-dns.ts'
import { type ControlPlane, startControlPlane } from '../parts/control-plane.ts'
import { startElectors } from '../parts/electors.ts'
import { type Front, startFront } from '../parts/front.ts'
import { startMetricsApi } from '../parts/metrics-api.ts'
import { program } from '../parts/parts.ts'

let plane: ControlPlane
beforeAll(async () => {
  plane = await startControlPlane({ grace: 6 })
  await plane.addNodes(4, { zone: ['zone-a', 'zone-b'] })
})
afterAll(() => plane?.[Symbol.asyncDispose]())

/** What an experiment needs around it, and what its numbers are held to. */
interface Stage {
  readonly set: Readonly<Record<string, string>>
  /** Objects that the system under test changes by itself meanwhile, as `Kind/name`. */
  readonly alive?: readonly string[]
  readonly check?: (record: DrillRecord, at: Place) => void
}
type Build = (namespace: string, held: AsyncDisposableStack) => Promise<Stage>

async function cart(namespace: string, held: AsyncDisposableStack, replicas = 4): Promise<{ front: Front; set: Record<string, string> }> {
  await plane.deploy('cart', replicas, { namespace, service: true })
  const front = held.use(await startFront(plane, namespace, 'cart'))
  return { front, set: { namespace, app: 'cart', url: front.url } }
}

const objective = (record: DrillRecord, name: string) => record.objectives.find((each) => each.name === name)
const proven = (record: DrillRecord): readonly boolean[] => record.faults.map(({ effect }) => effect.proven)

/** Moments of the truth on the drill's clock. */
function onDrillClock(at: Place, nanoseconds: bigint): number {
  const [opened] = eventsOf(at.out, 'drill.opened')
  return Number(nanoseconds - BigInt(opened?.monotonic ?? 0)) / 1e9
}

const nodeOfOne = async (namespace: string): Promise<string> =>
  (await plane.kubectl('-n', namespace, 'get', 'pods', '-o', 'jsonpath={.items[0].spec.nodeName}')).trim()

interface Scaler {
  readonly status?: { readonly currentMetrics?: readonly unknown[] }
}

/** From two to eight pods, 50 of the 100 millicores that each asks for. */
async function autoscale(namespace: string): Promise<void> {
  const metric = { type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 50 } } }
  const scaleTargetRef = { apiVersion: 'apps/v1', kind: 'Deployment', name: 'cart' }
  await plane.apply([
    {
      apiVersion: 'autoscaling/v2',
      kind: 'HorizontalPodAutoscaler',
      metadata: { name: 'cart', namespace },
      spec: { minReplicas: 2, maxReplicas: 8, scaleTargetRef, metrics: [metric] },
    },
  ])
}

/** Does something when it is called. */
async function onPost(called: () => void): Promise<{ readonly url: string } & AsyncDisposable> {
  const server = createServer((_request, response) => {
    called()
    response.end('{}')
  }).listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      server.close()
    },
  }
}

const stages: Readonly<Record<string, Build>> = {
  'pod-kill-under-load': async (namespace, held) => {
    const { front, set } = await cart(namespace, held)
    return {
      set,
      check: (record, at) => {
        expect(proven(record)).toEqual([true])
        // The truth, as the proxy saw it: when fewer than four were ready.
        const fell = front.truth
          .filter(({ ready }) => ready < 4)
          .map(({ at: when }) => onDrillClock(at, when))
          .filter((when) => when > 0)
        const { at: seen } = record.faults[0]?.effect ?? {}
        expect(seen?.lo).toBeLessThanOrEqual((fell[0] ?? 0) + 0.001)
        expect(objective(record, 'detection')?.measured.hi).toBeLessThan(5)
      },
    }
  },
  'node-loss': async (namespace, held) => {
    const { set } = await cart(namespace, held)
    const node = await nodeOfOne(namespace)
    const label = (value: string): string => `kubectl patch --type=merge -p '{"metadata":{"labels":{"drill.test/lost":${value}}}}' node`
    held.defer(() => plane.returnNode(node))
    // What stands for cutting a node off, for the kubelets that kwok plays.
    return {
      // What stands for cutting a node off, for the kubelets that kwok plays.
      set: { ...set, node, lose: label('"true"'), return: label('null') },
      check: (record) => {
        // The node controller's grace is 6 s here, and it looks every 2 s.
        const detection = objective(record, 'detection')?.measured
        expect(detection?.hi).toBeLessThan(15)
        expect(record.measures.failback.redundancy.hi).not.toBeNull()
      },
    }
  },
  'zone-loss': async (namespace, held) => {
    const { set } = await cart(namespace, held)
    return {
      set: { ...set, zone: 'zone-a' },
      check: (record) => expect(record.faults[0]?.targets).toHaveLength(2),
    }
  },
  'drain-refused': async (namespace, held) => {
    const { set } = await cart(namespace, held, 2)
    const selector = { matchLabels: { app: 'cart' } }
    await plane.apply([
      { apiVersion: 'policy/v1', kind: 'PodDisruptionBudget', metadata: { name: 'cart', namespace }, spec: { minAvailable: 2, selector } },
    ])
    const budget = `/apis/policy/v1/namespaces/${namespace}/poddisruptionbudgets/cart`
    await plane.waitFor(
      'the budget counts',
      async () => (await plane.get<{ status: { currentHealthy?: number } }>(budget)).status.currentHealthy === 2,
    )
    return {
      set: { ...set, node: await nodeOfOne(namespace) },
      check: (record) => expect(record.reason).toMatch(/budget/i),
    }
  },
  'bad-rollout': async (namespace, held) => {
    const { front, set } = await cart(namespace, held, 2)
    return { set, check: () => expect(Math.min(...front.truth.map(({ ready }) => ready))).toBeGreaterThan(0) }
  },
  'autoscaling-frozen': async (namespace, held) => {
    const { front, set } = await cart(namespace, held, 2)
    const metrics = held.use(await startMetricsApi(plane))
    await autoscale(namespace)
    metrics.use({ together: 80 }, { app: 'cart' }, namespace)
    const scaler = `/apis/autoscaling/v2/namespaces/${namespace}/horizontalpodautoscalers/cart`
    await plane.waitFor('the autoscaler sees what is used', async () => (await plane.get<Scaler>(scaler)).status?.currentMetrics?.length)
    const surge = held.use(
      await onPost(() => {
        metrics.use({ together: 300 }, { app: 'cart' }, namespace)
        front.need(4)
      }),
    )
    return {
      set: { ...set, surge: surge.url },
      alive: ['Deployment/cart'],
      // Lifted, the autoscaler does what it would have done.
      check: () => expect(Math.max(...front.truth.map(({ ready }) => ready))).toBeLessThanOrEqual(8),
    }
  },
  'admission-failure': async (namespace, held) => {
    const { front, set } = await cart(namespace, held)
    return {
      set,
      check: (record, at) => {
        expect(proven(record)).toEqual([true, true])
        const missing = front.truth.findLast(({ ready }) => ready < 4)
        const back = front.truth.find((turn) => turn.ready === 4 && missing !== undefined && turn.at > missing.at)
        const truth = onDrillClock(at, back?.at ?? 0n) - (record.faults[0]?.effect.at?.hi ?? 0)
        const { lo, hi } = record.measures.failback.redundancy
        // The Deployment counts a pod a moment after its endpoint is ready, and the proxy looks every 20 ms.
        expect(lo).toBeLessThanOrEqual(truth + 0.5)
        expect(hi).toBeGreaterThanOrEqual(truth - 0.05)
        expect((hi ?? 0) - (lo ?? 0), 'it was seen to come back').toBeLessThan(3)
      },
    }
  },
  'dns-failure': async (_namespace, held) => {
    const dns = held.use(await startClusterDns(plane))
    return { set: { dns: dns.address }, check: (record) => expect(proven(record)).toEqual([true]) }
  },
  'leader-loss': async (namespace, held) => {
    const electors = held.use(await startElectors(plane, namespace, 'scheduler', 2))
    return { set: { namespace, lease: 'scheduler', url: electors.url }, alive: ['Lease/scheduler'] }
  },
  'network-denied': async (namespace, held) => {
    const { set } = await cart(namespace, held)
    // kwok enforces no policy: what did not bite proves nothing.
    return { set, check: (record) => expect(proven(record)).toEqual([false]) }
  },
  'control-plane-loss': async (namespace, held) => {
    const { set } = await cart(namespace, held)
    return { set: { url: set['url'] ?? '', port: new URL(plane.server).port } }
  },
}

const files = globSync('experiments/kubernetes/*.yaml', { cwd: root }).toSorted()
test('every experiment has a stage', () => {
  expect(files.map((file) => basename(file, '.yaml'))).toEqual(Object.keys(stages).toSorted())
})

describe('every Kubernetes experiment ends as it says, and leaves everything as it was', () => {
  test.each(files)(
    '%s',
    async (file) => {
      await using held = new AsyncDisposableStack()
      const name = basename(file, '.yaml')
      const namespace = `x-${name}`
      await plane.namespace(namespace)
      held.defer(async () => void (await plane.kubectl('delete', 'namespace', namespace, '--wait=false')))
      const stage = await stages[name]?.(namespace, held)
      const before = await snapshot(plane, namespace)
      const env = { KUBECONFIG: plane.kubeconfig, PATH: `${dirname(program('kubectl') ?? '')}${delimiter}${process.env['PATH']}` }
      await drillAndCheck(file, stage?.check, { set: stage?.set ?? {}, env, yes: true })
      const after = await snapshot(plane, namespace)
      const still = (all: typeof after) => Object.fromEntries(Object.entries(all).filter(([object]) => !stage?.alive?.includes(object)))
      expect(still(after)).toEqual(still(before))
    },
    300_000,
  )
})
