import { readFileSync, writeFileSync } from 'node:fs'
import { createServer, type Server, type Socket } from 'node:net'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Context } from '../../../src/contracts/context.ts'
import type { SignalSeen } from '../../../src/contracts/signal.ts'
import type { Interval } from '../../../src/domain/interval.ts'
import type { Json } from '../../../src/domain/json.ts'
import { seconds } from '../../../src/domain/time.ts'
import { createEye } from '../../../src/platforms/kubernetes/observe/observe.ts'
import type { Watched } from '../../../src/platforms/kubernetes/observe/questions.ts'
import { kubernetes as probe } from '../../../src/probes/kubernetes.ts'
import { kubernetes as signal } from '../../../src/signals/kubernetes.ts'
import { holdProbe, type ProbeRig, realProbes } from '../../contract/probe-suite.ts'
import { EVERY, holdSignal, realSignals, watching } from '../../contract/signal-suite.ts'
import { type Folder, tempFolder, testContext } from '../../kit/context.ts'
import { freePort } from '../../kit/part.ts'
import { type ControlPlane, haveControlPlane } from '../parts/control-plane.ts'
import { endSharedPlane, sharedPlane } from '../parts/shared-plane.ts'

const NAMESPACE = 'look'
let plane: ControlPlane
let folder: Folder
let hole: Server
const held: Socket[] = []
let rig: ProbeRig

/** The plane's kubeconfig with another server in it. */
function kubeconfigTo(port: number): string {
  const file = join(folder.path, `to-${port}`)
  writeFileSync(file, readFileSync(plane.kubeconfig, 'utf8').replaceAll(plane.server, `https://127.0.0.1:${port}`))
  return file
}

beforeAll(async () => {
  folder = tempFolder()
  plane = await sharedPlane()
  await plane.namespace(NAMESPACE)
  await plane.deploy('cart', 2, { namespace: NAMESPACE, service: true })
  hole = createServer((socket) => held.push(socket))
  await new Promise<void>((resolve) => {
    hole.listen(0, '127.0.0.1', resolve)
  })
  const address = hole.address()
  const { kubeconfig } = plane
  const api = { kind: 'api', spec: { path: '/version' }, kubeconfig }
  rig = {
    well: { spec: { kind: 'endpoints', spec: { service: 'cart' }, namespace: NAMESPACE, kubeconfig }, expect: { ready: { min: '2' } } },
    down: { spec: { ...api, kubeconfig: kubeconfigTo(await freePort()) }, expect: {} },
    hanging: { spec: { ...api, kubeconfig: kubeconfigTo(typeof address === 'object' ? (address?.port ?? 0) : 0) }, expect: {} },
    wrong: { spec: api, expect: { body: { contains: 'no version at all' } } },
  }
})
afterAll(async () => {
  for (const socket of held) socket.destroy()
  hole.close()
  await endSharedPlane()
  folder[Symbol.dispose]()
})

const scale = async (replicas: number): Promise<void> => {
  await plane.kubectl('-n', NAMESPACE, 'scale', 'deployment', 'cart', `--replicas=${replicas}`)
  await plane.waitFor(`${replicas} endpoints`, async () => (await plane.endpoints('cart', NAMESPACE)).length === replicas)
}

const spec = (watched: Watched): Json => ({ ...watched, kubeconfig: plane.kubeconfig })

/** Begins to watch; resolves with the first state. */
async function look(watched: Watched) {
  const all = watching(signal, spec(watched))
  await expect.poll(() => all.seen.length, { interval: 5, timeout: 5_000 }).toBeGreaterThan(0)
  return all
}

const until = async (seen: readonly SignalSeen[], state: SignalSeen['state'], within = 20): Promise<SignalSeen> => {
  const said = (): string => seen.map((each) => `${each.state} (${each.detail})`).join(', ')
  await expect.poll(() => (seen.at(-1)?.state === state ? state : said()), { interval: 5, timeout: within * 1000 }).toBe(state)
  const last = seen.at(-1)
  if (!last) throw new Error('nothing was seen')
  return last
}

const meets = (a: Interval, b: Interval): boolean => a.lo <= b.hi && b.lo <= a.hi
const widthOf = ({ lo, hi }: Interval): number => hi - lo
/** For the log of the run: what was measured. */
const tell = (what: string, text: string): void => void process.stderr.write(`${what}: ${text}\n`)
const ms = (value: number): string => `${(value * 1000).toFixed(0)} ms`

describe.skipIf(!haveControlPlane())('a cluster that is looked at', () => {
  for (const each of realProbes) holdProbe(each, testContext('', '.'), () => rig)
  for (const each of realSignals)
    holdSignal(each, async () => {
      await scale(2)
      return {
        spec: spec({ kind: 'endpoints', spec: { service: 'cart', ready: { min: 1 } }, namespace: NAMESPACE }),
        within: 10,
        rest: 0.4,
        flip: (firing) => scale(firing ? 0 : 2),
      }
    })

  test('endpoints: a killed pod is seen within moments, and the interval holds what the API showed', async () => {
    await scale(2)
    const { seen, over, clock, stop } = await look({
      kind: 'endpoints',
      spec: { service: 'cart', ready: { min: 2 } },
      namespace: NAMESPACE,
    })
    await clock.sleep(seconds(1))
    const pods = await plane.kubectl('-n', NAMESPACE, 'get', 'pods', '-l', 'app=cart', '-o', 'name')
    const truth = { lo: clock.now(), hi: Number.NaN }
    await plane.kubectl('-n', NAMESPACE, 'delete', '--wait=false', '--grace-period=0', '--force', pods.split('\n')[0] ?? '')
    for (;;) {
      const at = clock.now()
      const ready = await plane.endpoints('cart', NAMESPACE)
      if (ready.length < 2 || seen.length > 1) {
        truth.hi = clock.now()
        break
      }
      truth.lo = at
    }
    await expect.poll(() => seen[1]?.state, { interval: 5, timeout: 5_000 }).toBe('firing')
    const { at } = seen[1] as SignalSeen
    expect(meets(at, truth)).toBe(true)
    expect(widthOf(at)).toBeLessThan(1)
    tell('endpoints', `seen ${ms(at.hi - truth.lo)} after the API last showed two; interval ${ms(widthOf(at))} wide`)
    await until(seen, 'quiet')
    stop()
    await over
  })

  test('node and lease: a lost node, at the time that the server says itself', async () => {
    const node = await look({ kind: 'node', spec: { kind: 'name', spec: 'node-3', condition: 'Ready', is: 'True' } })
    const lease = await look({ kind: 'nodeLease', spec: { name: 'node-3', older: seconds(5) } })
    const toDrill = (text: string, clock = node.clock): number => Date.parse(text) / 1000 - clock.wall() + clock.now()
    await plane.loseNode('node-3')
    const late = await until(lease.seen, 'firing')
    const { spec: renewed } = await plane.get<{ spec: { renewTime: string } }>(
      '/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/node-3',
    )
    const tooOld = toDrill(renewed.renewTime, lease.clock) + 5
    expect(late.at.lo).toBeLessThanOrEqual(tooOld + 0.001)
    expect(late.at.hi).toBeGreaterThanOrEqual(tooOld)
    expect(widthOf(late.at)).toBeLessThan(1.5)
    const down = await until(node.seen, 'firing')
    const { status } = await plane.get<{ status: { conditions: { type: string; lastTransitionTime: string }[] } }>('/api/v1/nodes/node-3')
    const changed = toDrill(status.conditions.find(({ type }) => type === 'Ready')?.lastTransitionTime ?? '')
    expect(down.at.lo).toBeLessThanOrEqual(changed + 0.001)
    expect(down.at.hi).toBeGreaterThanOrEqual(changed)
    expect(widthOf(down.at)).toBeLessThan(3)
    tell('node', `${down.detail}; interval ${ms(widthOf(down.at))} wide`)
    tell('lease', `interval ${ms(widthOf(late.at))} wide`)
    await plane.returnNode('node-3')
    await Promise.all([until(node.seen, 'quiet'), until(lease.seen, 'quiet')])
    node.stop()
    lease.stop()
    await Promise.all([node.over, lease.over])
  })

  test('event and restarts: a pod that crashes after the start', async () => {
    const event = await look({ kind: 'event', spec: { reason: 'BackOff', kind: 'Pod' }, namespace: NAMESPACE })
    const restarts = await look({ kind: 'restarts', spec: { selector: 'app=crash', more: 0 }, namespace: NAMESPACE })
    expect([event.seen[0]?.state, restarts.seen[0]?.state]).toEqual(['quiet', 'quiet'])
    await plane.deploy('crash', 1, { namespace: NAMESPACE, labels: { 'drill.test/crash': 'true' }, wait: false })
    const happened = await until(event.seen, 'firing')
    const again = await until(restarts.seen, 'firing')
    expect(happened.detail).toContain('Back-off restarting')
    expect(again.detail).toContain('1 restart of app=crash')
    for (const { at } of [happened, again]) expect(widthOf(at)).toBeLessThan(2.5)
    // What was there before the start is no news.
    const later = await look({ kind: 'restarts', spec: { selector: 'app=crash', more: 50 }, namespace: NAMESPACE })
    expect(later.seen[0]?.state).toBe('quiet')
    await plane.kubectl('-n', NAMESPACE, 'delete', 'deployment', 'crash')
    for (const each of [event, restarts, later]) each.stop()
    await Promise.all([event.over, restarts.over, later.over])
    expect(restarts.seen.at(-1)?.state).toBe('firing')
  })

  test('workload and hpa: too few pods; an autoscaler without metrics', async () => {
    await scale(2)
    const few = await look({
      kind: 'workload',
      spec: { kind: 'deployment', name: 'cart', ready: { min: '80%' } },
      namespace: NAMESPACE,
    })
    const hpa = await look({ kind: 'hpa', spec: { name: 'cart', is: 'unable' }, namespace: NAMESPACE })
    expect([few.seen[0]?.state, hpa.seen[0]]).toMatchObject(['quiet', { state: 'unknown', detail: 'there is no hpa cart' }])
    await plane.kubectl('-n', NAMESPACE, 'autoscale', 'deployment', 'cart', '--min=2', '--max=3', '--cpu=50%')
    expect((await until(hpa.seen, 'firing')).detail).toContain('ScalingActive is False')
    await plane.kubectl('-n', NAMESPACE, 'delete', 'hpa', 'cart')
    await expect.poll(() => hpa.seen.at(-1)?.state).toBe('firing')
    await plane.kubectl('-n', NAMESPACE, 'delete', '--wait=false', '--all', 'pods')
    await until(few.seen, 'firing')
    await until(few.seen, 'quiet')
    for (const each of [few, hpa]) each.stop()
    await Promise.all([few.over, hpa.over])
  })

  test('who may not watch is refused before anything is broken', async () => {
    const kubeconfig = await plane.user('blind', [{ apiGroups: [''], resources: ['configmaps'], verbs: ['get'] }], NAMESPACE)
    const { over } = watching(signal, {
      ...(spec({ kind: 'endpoints', spec: { service: 'cart', ready: { min: 1 } }, namespace: NAMESPACE }) as object),
      kubeconfig,
    })
    await expect(over).rejects.toMatchObject({ code: 'SIGNAL_FORBIDDEN', exit: 4 })
  })

  test('probe: too few are ready, what is not there, what is out of place', async () => {
    const context: Context = testContext('', '.')
    const { kubeconfig } = plane
    const shot = async (asked: Parameters<typeof probe.open>[0], wanted: Parameters<typeof probe.open>[1]) => {
      const session = await probe.open(asked, wanted, context)
      const one = await session.shoot(seconds(2))
      await session.close()
      return [one.outcome, one.code]
    }
    const workload = { kind: 'workload', spec: { kind: 'deployment', name: 'cart' }, namespace: NAMESPACE, kubeconfig } as const
    expect(await shot(workload, { ready: { min: '3' } })).toEqual(['failed', 'ready'])
    expect(await shot(workload, {})).toEqual(['full', '200'])
    expect(await shot({ ...workload, spec: { ...workload.spec, name: 'nobody' } }, {})).toEqual(['failed', '404'])
    expect(await shot({ kind: 'node', spec: { name: 'node-0' }, kubeconfig }, {})).toEqual(['full', '200'])
    expect(await shot({ kind: 'api', spec: { path: '/readyz' }, kubeconfig }, { body: { equals: 'ok' } })).toEqual(['full', '200'])
    await expect(shot({ kind: 'api', spec: { path: '/readyz' }, kubeconfig }, { ready: { min: '1' } })).rejects.toMatchObject({ exit: 4 })
  })

  test('an API server that falls silent, or dies: nobody knows, then the true state again', async () => {
    await scale(2)
    const { seen, over, clock, stop } = await look({
      kind: 'endpoints',
      spec: { service: 'cart', ready: { min: 2 } },
      namespace: NAMESPACE,
    })
    await clock.sleep(seconds(1))
    const paused = clock.now()
    await plane.pause('kube-apiserver')
    const silent = await until(seen, 'unknown')
    tell('silent', `known ${ms(silent.at.hi - paused)} after the API server was stopped: ${silent.detail}`)
    expect(silent.at.lo).toBeLessThanOrEqual(clock.now())
    await plane.resume('kube-apiserver')
    await until(seen, 'quiet')
    const killed = clock.now()
    await plane.kill('kube-apiserver')
    const dead = await until(seen, 'unknown')
    tell('dead', `known ${ms(dead.at.hi - killed)} after the API server was killed: ${dead.detail}`)
    await plane.start('kube-apiserver')
    await plane.waitFor('the API server is back', async () => (await plane.api.request('GET', '/readyz')).status === 200)
    await until(seen, 'quiet')
    // What comes after the break is seen as before it.
    await clock.sleep(seconds(EVERY * 20))
    await plane.kubectl('-n', NAMESPACE, 'scale', 'deployment', 'cart', '--replicas=1')
    const after = await until(seen, 'firing')
    expect(widthOf(after.at)).toBeLessThan(1.5)
    expect(seen.map(({ state }) => state)).toEqual(['quiet', 'unknown', 'quiet', 'unknown', 'quiet', 'firing'])
    stop()
    await over
  })

  test('the worker is lost while the Service loses its endpoints: unknown, and then what is so, from another worker', async () => {
    await scale(2)
    const real = new URL('../../../src/platforms/kubernetes/observe/observe-main.ts', import.meta.url).href
    const entry = join(folder.path, 'mortal.mjs')
    // The real worker, which dies of being opened.
    writeFileSync(
      entry,
      `import { parentPort } from 'node:worker_threads'
import ${JSON.stringify(real)}
parentPort.on('message', ({ do: what }) => { if (what === 'open') process.exit(9) })`,
    )
    const eye = createEye(pathToFileURL(entry))
    const seen: SignalSeen[] = []
    const notes: string[] = []
    const abort = new AbortController()
    const context = { ...testContext('', folder.path, { note: (text) => notes.push(text) }), signal: abort.signal }
    const watched: Watched = { kind: 'endpoints', spec: { service: 'cart', ready: { min: 1 } }, namespace: NAMESPACE }
    const over = eye.watch({ ...watched, kubeconfig: plane.kubeconfig }, seconds(1), (what) => seen.push(what), context)
    await until(seen, 'quiet')
    await plane.kubectl('-n', NAMESPACE, 'scale', 'deployment', 'cart', '--replicas=0')
    const asked = { kind: 'api', spec: { path: '/readyz' }, kubeconfig: plane.kubeconfig } as const
    await expect(eye.open(asked, {}, false, context)).rejects.toThrow('ended (9)')
    await until(seen, 'firing')
    const states = seen.map(({ state }) => state)
    expect(states.filter((state) => state === 'unknown')).toHaveLength(1)
    expect(notes).toEqual([expect.stringContaining('replaced (1 of at most 3)')])
    await scale(2)
    await until(seen, 'quiet')
    abort.abort()
    await over
  })
})
