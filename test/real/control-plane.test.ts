import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { identityOf, isAlive, type ProcessIdentity } from '../../src/contracts/process.ts'
import { type ControlPlane, haveControlPlane, startControlPlane } from './parts/control-plane.ts'
import { startMetricsApi } from './parts/metrics-api.ts'

/** The harness of the Kubernetes tests: what they take for granted is shown here. */
const here = haveControlPlane()

const GRACE = 4

interface Pod {
  readonly metadata: { readonly name: string; readonly deletionTimestamp?: string }
  readonly spec: { readonly nodeName: string }
  readonly status: {
    readonly podIP?: string
    readonly containerStatuses?: readonly {
      readonly restartCount: number
      readonly state: { readonly waiting?: { readonly reason: string } }
    }[]
  }
}

const identitiesOf = ({ pids }: ControlPlane): readonly ProcessIdentity[] => [...pids.values()].flatMap((pid) => identityOf(pid) ?? [])

describe.skipIf(!here)('a control plane with nodes that kwok plays', () => {
  let plane: ControlPlane
  let started: number
  beforeAll(async () => {
    const began = performance.now()
    plane = await startControlPlane({ grace: GRACE, period: 1, evictAfter: 2 })
    started = (performance.now() - began) / 1000
    await plane.addNodes(3, { zone: ['a', 'b', 'c'] })
  })
  afterAll(async () => {
    await plane?.[Symbol.asyncDispose]()
  })

  const pods = async (app: string): Promise<readonly Pod[]> =>
    (await plane.get<{ items: readonly Pod[] }>(`/api/v1/namespaces/default/pods?labelSelector=app=${app}`)).items
  const isReadyNode = async (name: string): Promise<boolean> =>
    (await plane.kubectl('get', 'node', name, '--no-headers')).includes(' Ready ')
  const deploymentOf = (name: string) =>
    plane.get<{ status: { replicas?: number; readyReplicas?: number } }>(`/apis/apps/v1/namespaces/default/deployments/${name}`)
  const seconds = async (work: () => Promise<unknown>): Promise<number> => {
    const began = performance.now()
    await work()
    return (performance.now() - began) / 1000
  }

  test('it is up in seconds', () => {
    expect(started).toBeLessThan(20)
    expect([...plane.pids.keys()]).toEqual(['etcd', 'kube-apiserver', 'kube-controller-manager', 'kube-scheduler', 'kwok'])
  })

  test('a Deployment with a Service has an endpoint for every replica', async () => {
    await plane.deploy('whole', 4, { service: true, env: { COLOR: 'blue' } })
    const ready = await plane.waitFor('four endpoints', async () => {
      const all = await plane.endpoints('whole')
      return all.length === 4 && all
    })
    expect(new Set(ready).size).toBe(4)
    expect(new Set(ready)).toEqual(new Set((await pods('whole')).map(({ status }) => status.podIP)))
    expect(await plane.kubectl('get', 'nodes', '--no-headers')).not.toContain('NotReady')
  })

  test('a lost node: not ready after the grace, its endpoints too, its pods made anew elsewhere; back, it cleans up', async () => {
    await plane.deploy('moves', 6, { service: true })
    await plane.waitFor('six endpoints', async () => (await plane.endpoints('moves')).length === 6)
    const [{ spec } = { spec: { nodeName: '' } }] = await pods('moves')
    const lost = spec.nodeName
    const own = (await pods('moves')).flatMap((pod) => (pod.spec.nodeName === lost ? [pod.status.podIP ?? ''] : []))
    expect(own.length).toBeGreaterThan(0)
    const took = await seconds(async () => {
      await plane.loseNode(lost)
      await plane.waitFor(`${lost} is not ready`, async () => !(await isReadyNode(lost)))
    })
    // Up to one renewal of the lease (a second) sooner, and a look of the controller later.
    expect(took).toBeGreaterThan(GRACE - 1.5)
    expect(took).toBeLessThan(GRACE + 6)
    await plane.waitFor('none of its pods is an endpoint', async () => (await plane.endpoints('moves')).every((ip) => !own.includes(ip)))
    await plane.waitFor('six endpoints again', async () => (await plane.endpoints('moves')).length === 6)
    const stuck = (await pods('moves')).filter((pod) => pod.spec.nodeName === lost)
    expect(stuck.map(({ metadata }) => metadata.deletionTimestamp)).not.toContain(undefined)
    expect(stuck).toHaveLength(own.length)

    await plane.returnNode(lost)
    await plane.waitFor(`${lost} is back`, () => isReadyNode(lost))
    await plane.waitFor('what was evicted is gone', async () => (await pods('moves')).length === 6)
  })

  test('an image that cannot be pulled: the rollout never ends, the old pods stay, the way back is open', async () => {
    await plane.deploy('rolls', 4, { service: true })
    await plane.kubectl('set', 'image', 'deployment/rolls', 'app=app:missing')
    await expect(plane.kubectl('rollout', 'status', 'deployment/rolls', '--timeout=3s')).rejects.toThrow('timed out')
    await plane.waitFor('the new pods back off', async () => {
      const reasons = (await pods('rolls')).flatMap(
        ({ status }) => status.containerStatuses?.map(({ state }) => state.waiting?.reason) ?? [],
      )
      return reasons.filter((reason) => reason === 'ImagePullBackOff').length === 2
    })
    expect(await plane.endpoints('rolls')).toHaveLength(3)
    await plane.kubectl('rollout', 'undo', 'deployment/rolls')
    await plane.kubectl('rollout', 'status', 'deployment/rolls', '--timeout=20s')
  })

  test('a pod whose image is swapped in place waits, and runs again when it is swapped back', async () => {
    await plane.deploy('swaps', 1)
    const [pod] = await pods('swaps')
    const swap = (image: string) => plane.kubectl('set', 'image', `pod/${pod?.metadata.name}`, `app=${image}`)
    const isReady = async () => (await deploymentOf('swaps')).status.readyReplicas === 1
    await swap('app:missing')
    await plane.waitFor('it is not ready', async () => !(await isReady()))
    await swap('app:1')
    await plane.waitFor('it is ready', isReady)
  })

  test('a pod that crashes is started again and again', async () => {
    await plane.deploy('falls', 1, { labels: { 'drill.test/crash': 'true' }, wait: false })
    await plane.waitFor('two restarts', async () =>
      (await pods('falls')).some(({ status }) => (status.containerStatuses?.[0]?.restartCount ?? 0) >= 2),
    )
  })

  test('a Job ends', async () => {
    const template = { spec: { restartPolicy: 'Never', containers: [{ name: 'work', image: 'work:1' }] } }
    await plane.apply([{ apiVersion: 'batch/v1', kind: 'Job', metadata: { name: 'ends' }, spec: { template } }])
    await plane.kubectl('wait', '--for=condition=complete', 'job/ends', '--timeout=20s')
  })

  test('a user may do what the role says, and nothing when it is revoked', async () => {
    const kubeconfig = await plane.user('reader', [{ apiGroups: [''], resources: ['pods'], verbs: ['list'] }], 'default')
    const as = (...args: readonly string[]) => plane.kubectl('--kubeconfig', kubeconfig, ...args)
    await expect(as('get', 'pods')).resolves.toContain('NAME')
    await expect(as('delete', 'pods', '--all')).rejects.toThrow('forbidden')
    await expect(as('get', 'pods', '-n', 'kube-system')).rejects.toThrow('forbidden')
    await plane.revoke('reader')
    await plane.waitFor('the token is refused', () =>
      as('get', 'pods').then(
        () => false,
        (error: Error) => error.message.includes('Unauthorized') || error.message.includes('logged in'),
      ),
    )
  })

  test('more load: the real HPA controller adds pods until each has its share', async () => {
    await using metrics = await startMetricsApi(plane)
    await plane.deploy('grows', 2)
    metrics.use({ together: 100 }, { app: 'grows' })
    await plane.kubectl('autoscale', 'deployment', 'grows', '--min=2', '--max=8', '--cpu=50%')
    const has = (count: number) => plane.waitFor(`${count} pods`, async () => (await deploymentOf('grows')).status.readyReplicas === count)
    await has(2)
    metrics.use({ together: 300 }, { app: 'grows' })
    await has(6)
    metrics.use({ together: 100 }, { app: 'grows' })
    await has(2)
    await plane.kubectl('delete', 'hpa', 'grows')
  })

  test('a component that stands still or is killed is missed, and resumes its work', async () => {
    await plane.deploy('waits', 2)
    await plane.pause('kube-controller-manager')
    await plane.kubectl('delete', 'pods', '-l', 'app=waits')
    expect(await pods('waits')).toEqual([])
    await plane.resume('kube-controller-manager')
    await plane.waitFor('the pods are back', async () => (await deploymentOf('waits')).status.readyReplicas === 2)

    await plane.kill('kube-apiserver')
    await expect(plane.get('/readyz')).rejects.toThrow()
    await plane.start('kube-apiserver')
    await plane.waitFor('the API server is back', async () => (await plane.api.request('GET', '/readyz')).status === 200)
    await plane.deploy('after', 1)
    expect(plane.logs('kube-apiserver')).toContain('Serving securely')
  })
})

describe.skipIf(!here)('its end', () => {
  test('disposed: no process and no file is left', async () => {
    const plane = await startControlPlane()
    const identities = identitiesOf(plane)
    expect(identities).toHaveLength(5)
    await plane.pause('kwok')
    await plane[Symbol.asyncDispose]()
    expect(identities.filter(isAlive)).toEqual([])
    expect(existsSync(plane.folder)).toBe(false)
  })

  test('the test is killed: the same', async () => {
    const module = join(import.meta.dirname, 'parts', 'control-plane.ts')
    const program = `
      const { startControlPlane } = await import(${JSON.stringify(module)})
      const { folder, pids } = await startControlPlane()
      process.stdout.write(JSON.stringify({ folder, pids: [...pids.values()] }))`
    const child = spawn(process.execPath, ['--input-type=module', '-e', program], { stdio: ['ignore', 'pipe', 'inherit'] })
    const [text] = (await once(child.stdout, 'data')) as [Buffer]
    const { folder, pids }: { folder: string; pids: readonly number[] } = JSON.parse(text.toString())
    const identities = pids.flatMap((pid) => identityOf(pid) ?? [])
    expect(identities).toHaveLength(5)
    child.kill('SIGKILL')
    await expect.poll(() => identities.filter(isAlive).length + Number(existsSync(folder)), { timeout: 10_000 }).toBe(0)
  })
})
