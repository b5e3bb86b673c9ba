import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { dirname } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, describe, expect, test } from 'vitest'
import { SECRET } from '../../contract/rig.ts'
import type { Stage } from '../../contract/rigs/kubernetes/on-plane.ts'
import { endpoints, statefulSet } from '../../contract/rigs/kubernetes/workloads.ts'
import { program } from '../parts/parts.ts'
import { endSharedPlane } from '../parts/shared-plane.ts'
import { type Faulted, faulted } from './stage.ts'

afterAll(endSharedPlane)

const GONE = { replicas: 0, autoscaled: false }
const CART = { kind: 'deployment', name: 'cart' } as const
const cart = async ({ plane, namespace }: Stage): Promise<void> => {
  await plane.deploy('cart', 2, { namespace, service: true })
  await endpoints({ plane, namespace }, 'cart', 2)
}
const scaledToNothing = (): Promise<Faulted> => faulted('kubernetes/workload-scale', GONE, CART, cart)

const replicas = ({ kubectl }: Faulted): Promise<string> => kubectl('get', 'deployment', 'cart', '-o', 'jsonpath={.spec.replicas}')
/** Everything of ours in what kubectl prints of these. */
const marks = async ({ kubectl }: Faulted, kinds: string): Promise<readonly string[]> => {
  const all = JSON.parse(await kubectl('get', kinds, '-o', 'json')) as { items: { metadata: { labels?: object; annotations?: object } }[] }
  return all.items
    .flatMap(({ metadata }) => Object.keys({ ...metadata.labels, ...metadata.annotations }))
    .filter((key) => key.startsWith('firedrill/'))
}

/** A line as a person would type it, in a shell. */
async function typed({ stage }: Faulted, line: string): Promise<string> {
  const env = {
    PATH: `${dirname(program('kubectl'))}:${process.env['PATH']}`,
    KUBECONFIG: stage.plane.kubeconfig,
    HOME: stage.plane.folder,
  }
  return (await promisify(execFile)('sh', ['-c', line], { env })).stdout
}

/** Somebody writes the object all the time. Resolves with how often when it is over. */
function storm({ stage: { plane, namespace } }: Faulted, everyMs: number): { stop(): Promise<number> } {
  let going = true
  let written = 0
  const writing = (async () => {
    while (going) {
      const patch = { metadata: { annotations: { 'other/beat': String(written) } } }
      await plane.api.call('PATCH', `/apis/apps/v1/namespaces/${namespace}/deployments/cart`, patch, 'application/merge-patch+json')
      written += 1
      await new Promise((resolve) => setTimeout(resolve, everyMs))
    }
    return written
  })()
  return {
    stop: () => {
      going = false
      return writing
    },
  }
}

describe('undo of a patched object', () => {
  test('what somebody else changed since is left as it is, without the mark', async () => {
    await using it = await scaledToNothing()
    const mutation = await it.inject()
    expect(await marks(it, 'deployments')).not.toEqual([])
    await it.kubectl('scale', 'deployment', 'cart', '--replicas=5')
    expect(await it.undo(mutation)).toMatchObject({ state: 'drifted', verified: true, detail: expect.stringContaining('/spec/replicas') })
    expect(await replicas(it)).toBe('5')
    expect(await marks(it, 'deployments,replicasets')).toEqual([])
    expect(await it.undo(mutation)).toMatchObject({ state: 'not-injected' })
  })

  test('an object that was deleted, or made anew, needs none', async () => {
    await using it = await scaledToNothing()
    const mutation = await it.inject()
    await it.kubectl('delete', 'deployment', 'cart')
    expect(await it.undo(mutation)).toMatchObject({ state: 'not-needed', verified: true })
    await it.stage.plane.deploy('cart', 1, { namespace: it.stage.namespace })
    expect(await it.undo(mutation)).toMatchObject({ state: 'not-needed', verified: true, detail: expect.stringContaining('anew') })
    expect(await replicas(it)).toBe('1')
  })

  test('without the mark it is not known whose the value is: failed, with what a person would type, and that works', async () => {
    await using it = await scaledToNothing()
    const mutation = await it.inject()
    await it.kubectl('label', 'deployment', 'cart', 'firedrill/run-')
    const outcome = await it.undo(mutation)
    expect(outcome).toMatchObject({ state: 'failed', verified: false, detail: expect.stringContaining('kubectl --context') })
    expect(await replicas(it)).toBe('0')
    await typed(it, outcome.detail.slice(outcome.detail.indexOf('kubectl')))
    expect(await replicas(it)).toBe('2')
    expect(await it.undo(mutation)).toMatchObject({ state: 'not-injected' })
  })

  test('the command of the plan does the same as the undo', async () => {
    await using it = await scaledToNothing()
    const mutation = await it.inject()
    await typed(it, mutation.command)
    expect(await replicas(it)).toBe('2')
    expect(await marks(it, 'deployments')).toEqual([])
    expect(await it.undo(mutation)).toMatchObject({ state: 'not-injected', verified: true })
  })

  test('somebody who writes the object every ten milliseconds keeps neither the fault nor its undo away', async () => {
    await using it = await scaledToNothing()
    const other = storm(it, 10)
    try {
      const mutation = await it.inject()
      expect(await replicas(it)).toBe('0')
      expect(await it.undo(mutation)).toMatchObject({ state: 'undone', verified: true })
      expect(await replicas(it)).toBe('2')
      const again = await it.inject()
      await it.kubectl('scale', 'deployment', 'cart', '--replicas=3')
      expect(await it.undo(again)).toMatchObject({ state: 'drifted', verified: true })
    } finally {
      expect(await other.stop()).toBeGreaterThan(20)
    }
  })
})

test('an API server lets null stand for what is not there, and for nothing else', async () => {
  await using it = await scaledToNothing()
  const { plane, namespace } = it.stage
  const tested = async (path: string): Promise<number> => {
    const patch = [{ op: 'test', path, value: null }]
    const answer = await plane.api.request(
      'PATCH',
      `/apis/apps/v1/namespaces/${namespace}/deployments/cart`,
      patch,
      'application/json-patch+json',
    )
    return answer.status
  }
  expect(await tested('/metadata/labels/firedrill~1run')).toBe(200)
  expect(await tested('/metadata/finalizers')).toBe(200)
  expect(await tested('/metadata/labels/app')).toBe(422)
  expect(await tested('/spec/replicas')).toBe(422)
})

describe('undo of a changed template', () => {
  const BROKEN = { container: 'app', image: 'app:missing' }

  test('a container that is elsewhere by now is somebody else’s change', async () => {
    await using it = await faulted('kubernetes/image-break', BROKEN, CART, cart)
    const mutation = await it.inject()
    const first = [{ op: 'add', path: '/spec/template/spec/containers/0', value: { name: 'side', image: 'side:1' } }]
    await it.kubectl('patch', 'deployment', 'cart', '--type=json', '-p', JSON.stringify(first))
    expect(await it.undo(mutation)).toMatchObject({ state: 'drifted', verified: true, detail: expect.stringContaining('"app"') })
    expect(await it.kubectl('get', 'deployment', 'cart', '-o', 'jsonpath={..image}')).toBe('side:1 app:missing')
    expect(await marks(it, 'deployments,replicasets')).toEqual([])
  })

  test('a template that was put back by a run that then died: the next undo frees the StatefulSet all the same', async () => {
    await using it = await faulted('kubernetes/image-break', BROKEN, { kind: 'statefulset', name: 'db' }, (stage) =>
      statefulSet(stage, 'db', 3),
    )
    const mutation = await it.inject()
    await endpoints(it.stage, 'db', 2)
    const back = [{ op: 'replace', path: '/spec/template/spec/containers/0/image', value: 'app:1' }]
    await it.kubectl('patch', 'statefulset', 'db', '--type=json', '-p', JSON.stringify(back))
    expect(await it.undo(mutation)).toMatchObject({ state: 'undone', verified: true, detail: expect.stringContaining('1 of its pods') })
    await endpoints(it.stage, 'db', 3)
    expect(await it.kubectl('get', 'pods', '-o', 'jsonpath={..containers[*].image}')).toBe('app:1 app:1 app:1')
    expect(await marks(it, 'statefulsets,controllerrevisions')).toEqual([])
  })

  test.each(['deployment', 'statefulset'] as const)('no revision of a %s keeps the mark or what it hid', async (kind) => {
    const spec = { variable: 'TOKEN', value: 'wrong' }
    await using it = await faulted('kubernetes/env-flip', spec, { kind, name: 'cart' }, async (stage) => {
      if (kind === 'statefulset') return statefulSet(stage, 'cart', 1, { TOKEN: SECRET })
      return stage.plane.deploy('cart', 1, { namespace: stage.namespace, env: { TOKEN: SECRET } })
    })
    const mutation = await it.inject()
    const history = kind === 'deployment' ? 'replicasets' : 'controllerrevisions'
    await it.stage.plane.waitFor('the controller copied the mark', async () => (await marks(it, history)).length > 0)
    expect(await it.undo(mutation)).toMatchObject({ state: 'undone', verified: true })
    expect(await marks(it, `${kind}s,${history}`)).toEqual([])
  })
})

test('what a journal knows of a hidden value does not let anybody try out what it was', async () => {
  const map = { kind: 'configmap', name: 'settings' } as const
  const set = ({ plane, namespace }: Stage) =>
    plane.apply([{ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'settings', namespace }, data: { password: SECRET } }])
  await using at = await faulted('kubernetes/config-flip', { key: 'password', value: 'other' }, map, set)
  const known = JSON.stringify(await at.plan())
  expect(known).toContain('fingerprint')
  for (const text of [SECRET, JSON.stringify(SECRET)])
    for (const form of ['hex', 'base64'] as const) expect(known).not.toContain(createHash('sha256').update(text).digest(form))
})
