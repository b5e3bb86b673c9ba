import { chmodSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Context } from '../../../src/contracts/context.ts'
import { seconds } from '../../../src/domain/time.ts'
import { ApiError } from '../../../src/platforms/kubernetes/api/api-error.ts'
import { type Cluster, connect } from '../../../src/platforms/kubernetes/api/cluster.ts'
import { KINDS } from '../../../src/platforms/kubernetes/api/kinds.ts'
import { type Change, watch } from '../../../src/platforms/kubernetes/api/watch.ts'
import { evict } from '../../../src/platforms/kubernetes/change/evict.ts'
import { tempFolder, testContext } from '../../kit/context.ts'
import type { ControlPlane } from '../parts/control-plane.ts'
import { endSharedPlane, sharedPlane } from '../parts/shared-plane.ts'

let plane: ControlPlane
beforeAll(async () => {
  plane = await sharedPlane()
  await plane.namespace('api')
})
afterAll(endSharedPlane)

const folder = tempFolder()
afterAll(() => folder[Symbol.dispose]())

const contextOf = (kubeconfig: string, extra: Partial<Context> = {}): Context =>
  testContext('', folder.path, { env: { KUBECONFIG: kubeconfig, PATH: process.env['PATH'] }, ...extra })

/** What a proxy before the API server does to a request: nothing, or this instead. */
type Trick = (request: IncomingMessage, response: ServerResponse) => boolean

interface Bad extends AsyncDisposable {
  readonly kubeconfig: string
  readonly seen: readonly string[]
  trick: Trick
}

/** An API server that is sometimes not itself. */
async function bad(trick: Trick): Promise<Bad> {
  const seen: string[] = []
  const state = { trick }
  const server = createServer((request, response) => {
    seen.push(`${request.method} ${request.url}`)
    if (state.trick(request, response)) return
    const parts: Buffer[] = []
    request.on('data', (part: Buffer) => parts.push(part))
    request.on('end', () => {
      const text = Buffer.concat(parts).toString()
      const type = request.headers['content-type'] ?? 'application/json'
      plane.api
        .request(request.method ?? 'GET', request.url ?? '/', text === '' ? undefined : JSON.parse(text), type)
        .then(({ status, body }) => {
          response.writeHead(status, { 'content-type': 'application/json' })
          response.end(typeof body === 'string' ? body : JSON.stringify(body))
        })
        .catch(() => response.destroy())
    })
  }).listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const kubeconfig = join(folder.path, `bad-${(server.address() as AddressInfo).port}.yaml`)
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'bad',
    clusters: [{ name: 'bad', cluster: { server: url, 'insecure-skip-tls-verify': true } }],
    users: [{ name: 'bad', user: { token: 'nobody-asks' } }],
    contexts: [{ name: 'bad', context: { cluster: 'bad', user: 'bad' } }],
  }
  writeFileSync(kubeconfig, JSON.stringify(config))
  return {
    kubeconfig,
    seen,
    get trick() {
      return state.trick
    },
    set trick(next: Trick) {
      state.trick = next
    },
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      server.close()
    },
  }
}

const open = (kubeconfig: string): Promise<Cluster> => connect({}, contextOf(kubeconfig))

/** Answers the first `count` requests with this. */
const first =
  (count: number, answer: (response: ServerResponse) => void): Trick =>
  (_request, response) => {
    if (count-- <= 0) return false
    answer(response)
    return true
  }

const says =
  (status: number, headers: Readonly<Record<string, string>> = {}, body: object = {}) =>
  (response: ServerResponse) => {
    response.writeHead(status, { 'content-type': 'application/json', ...headers })
    response.end(JSON.stringify({ kind: 'Status', message: `status ${status}`, ...body }))
  }
/** Has one request of this kind carried out, and the answer lost. */
function loses(method: string, end: string): Trick {
  let left = 1
  return (request, response) => {
    if (request.method !== method || request.url?.endsWith(end) !== true || left-- <= 0) return false
    const parts: Buffer[] = []
    request.on('data', (part: Buffer) => parts.push(part))
    request.on('end', () => {
      const body: unknown = JSON.parse(Buffer.concat(parts).toString())
      plane.api.request(method, request.url ?? '', body).then(
        () => response.destroy(),
        () => response.destroy(),
      )
    })
    return true
  }
}

const configMap = (name: string) => ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, data: { key: 'value' } })

describe('a server that is busy, broken or away', () => {
  test.each([
    ['deleted', 'DELETE', ''],
    ['evicted', 'POST', '/eviction'],
  ] as const)('a pod that was %s, and the answer lost, went by that call', async (what, method, end) => {
    const context = contextOf('')
    const path = '/api/v1/namespaces/api/pods'
    const name = `lost-${what}`
    await plane.api.call('POST', path, {
      metadata: { name },
      spec: { schedulerName: 'nobody', containers: [{ name: 'app', image: 'app:1' }] },
    })
    await using server = await bad(loses(method, `${name}${end}`))
    const cluster = await open(server.kubeconfig)
    const { metadata } = await cluster.get(KINDS.pod, 'api', name, context)
    const ref = { ...(await cluster.ref(context)), kubeconfig: server.kubeconfig }
    const pod = { cluster: ref, kind: 'pod', namespace: 'api', name, uid: metadata.uid } as const
    if (what === 'deleted') expect(await cluster.remove(KINDS.pod, 'api', name, { uid: metadata.uid, grace: 0 }, context)).toBe(true)
    else expect(await evict(cluster, pod, seconds(0), context)).toBe('evicted')
    expect(server.seen.filter((seen) => seen.endsWith(`${name}${end}`)).length).toBeGreaterThan(1)
    expect((await plane.api.request('GET', `${path}/${name}`)).status).toBe(404)
  })

  test('429 is waited out as long as the server asks, whatever the request', async () => {
    await using server = await bad(first(1, says(429, { 'retry-after': '1' })))
    const began = performance.now()
    const cluster = await open(server.kubeconfig)
    await cluster.create(KINDS.configmap, 'api', configMap('busy'), contextOf(server.kubeconfig))
    expect(performance.now() - began).toBeGreaterThan(1000)
    expect(server.seen).toHaveLength(2)
  })

  test('an eviction that a budget forbids is an answer, and is not asked again', async () => {
    const forbids = says(429, { 'retry-after': '10' }, { reason: 'TooManyRequests', details: { causes: [{ reason: 'DisruptionBudget' }] } })
    await using server = await bad(first(9, forbids))
    const cluster = await open(server.kubeconfig)
    const asked = cluster.ask({ method: 'POST', path: '/api/v1/namespaces/api/pods/p/eviction', body: {} }, contextOf(server.kubeconfig))
    await expect(asked).rejects.toMatchObject({ status: 429, causes: ['DisruptionBudget'], retryAfter: 10 })
    expect(server.seen).toHaveLength(1)
  })

  test('a connection that breaks: a read is asked again, a create is not, since nobody knows whether it arrived', async () => {
    const breaks = (response: ServerResponse): void => void response.destroy()
    await using server = await bad(first(1, breaks))
    const cluster = await open(server.kubeconfig)
    const context = contextOf(server.kubeconfig)
    expect((await cluster.get(KINDS.namespace, undefined, 'api', context)).metadata.name).toBe('api')
    server.trick = first(1, breaks)
    await expect(cluster.create(KINDS.configmap, 'api', configMap('broken'), context)).rejects.toMatchObject({ status: 0 })
    expect(await cluster.find(KINDS.configmap, 'api', 'broken', context)).toBeUndefined()
  })

  test('a delete with a uid may be sent twice, and never hits another one', async () => {
    await using server = await bad(() => false)
    const cluster = await open(server.kubeconfig)
    const context = contextOf(server.kubeconfig)
    const made = await cluster.create(KINDS.configmap, 'api', configMap('twice'), context)
    server.trick = first(1, (response) => void response.destroy())
    expect(await cluster.remove(KINDS.configmap, 'api', 'twice', { uid: made.metadata.uid }, context)).toBe(true)
    expect(await cluster.remove(KINDS.configmap, 'api', 'twice', { uid: made.metadata.uid }, context)).toBe(false)
    await cluster.create(KINDS.configmap, 'api', configMap('twice'), context)
    await expect(cluster.remove(KINDS.configmap, 'api', 'twice', { uid: made.metadata.uid }, context)).rejects.toMatchObject({
      status: 409,
    })
    expect(await cluster.find(KINDS.configmap, 'api', 'twice', context)).toBeDefined()
  })

  test('nobody listens: a clear error, soon', async () => {
    const server = await bad(() => false)
    const cluster = await open(server.kubeconfig)
    await server[Symbol.asyncDispose]()
    const asked = cluster.ask({ method: 'GET', path: '/version' }, contextOf(server.kubeconfig))
    await expect(asked).rejects.toThrow(/GET \/version: the API server .*does not answer: .*ECONNREFUSED/)
    await expect(asked).rejects.toBeInstanceOf(ApiError)
  }, 20_000)

  test('a server that accepts and never answers costs the timeout of a try, and the signal ends it at once', async () => {
    await using server = await bad(() => true)
    const cluster = await open(server.kubeconfig)
    const began = performance.now()
    const ask = { method: 'GET', path: '/version', timeout: seconds(0.3), tries: 2 } as const
    await expect(cluster.ask(ask, contextOf(server.kubeconfig))).rejects.toMatchObject({ status: 0 })
    expect(performance.now() - began).toBeLessThan(3000)
    const enough = new Error('enough')
    const aborted = contextOf(server.kubeconfig, { signal: AbortSignal.any([AbortSignal.timeout(100)]) })
    await expect(cluster.ask({ method: 'GET', path: '/version' }, aborted)).rejects.toThrow(/timeout|aborted/i)
    await expect(
      cluster.ask({ method: 'GET', path: '/version' }, contextOf(server.kubeconfig, { signal: AbortSignal.abort(enough) })),
    ).rejects.toBe(enough)
  })
})

describe('credentials', () => {
  test('an exec plugin is asked again when its token is refused, once', async () => {
    const plugin = join(folder.path, 'plugin.sh')
    const counter = join(folder.path, 'asked')
    const token = join(folder.path, 'token')
    writeFileSync(token, 'old')
    writeFileSync(
      plugin,
      `#!/bin/sh\necho x >> ${counter}\nprintf '{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":{"token":"%s","expirationTimestamp":"2001-01-01T00:00:00Z"}}' "$(cat ${token})"\n`,
    )
    chmodSync(plugin, 0o755)
    const user = { exec: { apiVersion: 'client.authentication.k8s.io/v1', command: plugin, interactiveMode: 'Never' } }
    const config = {
      apiVersion: 'v1',
      kind: 'Config',
      'current-context': 'exec',
      clusters: [{ name: 'c', cluster: { server: plane.server, 'certificate-authority': plane.access.ca } }],
      users: [{ name: 'u', user }],
      contexts: [{ name: 'exec', context: { cluster: 'c', user: 'u' } }],
    }
    const kubeconfig = join(folder.path, 'exec.json')
    writeFileSync(kubeconfig, JSON.stringify(config))
    const cluster = await open(kubeconfig)
    await expect(cluster.get(KINDS.namespace, undefined, 'api', contextOf(kubeconfig))).rejects.toMatchObject({ status: 401 })
    const asked = readFileSync(counter, 'utf8').length
    writeFileSync(token, plane.access.token)
    expect((await cluster.get(KINDS.namespace, undefined, 'api', contextOf(kubeconfig))).metadata.name).toBe('api')
    expect(readFileSync(counter, 'utf8').length).toBeGreaterThan(asked)
  })

  test.each([
    ['no such context', { context: 'nowhere' }, 'CONTEXT_UNKNOWN'],
    ['no such file', { kubeconfig: 'nowhere.yaml' }, 'KUBECONFIG_UNREADABLE'],
  ])('%s is refused by name, with what to type', async (_, name, code) => {
    await expect(connect(name, contextOf(plane.kubeconfig))).rejects.toMatchObject({
      code,
      exit: 4,
      next: [expect.stringMatching(/kubectl/)],
    })
  })

  test('no kubeconfig at all', async () => {
    const context = testContext('', folder.path, { env: { HOME: folder.path } })
    await expect(connect({}, context)).rejects.toMatchObject({ code: 'KUBECONFIG_MISSING', exit: 4 })
  })
})

describe('what comes back', () => {
  test('lists come in pages, and every object once', async () => {
    const cluster = await open(plane.kubeconfig)
    const context = contextOf(plane.kubeconfig)
    await plane.namespace('many')
    await Promise.all(Array.from({ length: 1200 }, (_, i) => cluster.create(KINDS.configmap, 'many', configMap(`c-${i}`), context)))
    const pages: number[] = []
    const names = new Set<string>()
    for await (const page of cluster.pages(KINDS.configmap, { namespace: 'many', fields: 'metadata.name!=kube-root-ca.crt' }, context)) {
      pages.push(page.items.length)
      for (const { metadata } of page.items) names.add(metadata.name)
    }
    expect(names.size).toBe(1200)
    expect(Math.max(...pages)).toBeLessThanOrEqual(500)
  })

  test('a field that no model knows survives a patch beside it', async () => {
    const crd = {
      apiVersion: 'apiextensions.k8s.io/v1',
      kind: 'CustomResourceDefinition',
      metadata: { name: 'testruns.k6.io' },
      spec: {
        group: 'k6.io',
        scope: 'Namespaced',
        names: { plural: 'testruns', singular: 'testrun', kind: 'TestRun' },
        versions: [
          {
            name: 'v1alpha1',
            served: true,
            storage: true,
            schema: { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } },
          },
        ],
      },
    }
    await plane.apply([crd])
    await plane.kubectl('wait', '--for=condition=Established', 'crd/testruns.k6.io', '--timeout=20s')
    const cluster = await open(plane.kubeconfig)
    const context = contextOf(plane.kubeconfig)
    const body = {
      apiVersion: 'k6.io/v1alpha1',
      kind: 'TestRun',
      metadata: { name: 'future' },
      spec: { future: { a: [1, { b: null, c: '1.10' }] }, known: 1 },
    }
    await plane.waitFor('the kind is served', () => cluster.create(KINDS.testrun, 'api', body, context), 20)
    await cluster.patch(KINDS.testrun, 'api', 'future', [{ op: 'replace', path: '/spec/known', value: 2 }], context)
    const { spec } = await cluster.get(KINDS.testrun, 'api', 'future', context)
    expect(spec).toEqual({ future: { a: [1, { b: null, c: '1.10' }] }, known: 2 })
    await plane.kubectl('delete', 'crd', 'testruns.k6.io')
  })

  test('the offset of the server’s clock narrows with every answer and contains the truth, which is none here', async () => {
    const cluster = await open(plane.kubeconfig)
    const context = contextOf(plane.kubeconfig)
    for (let i = 0; i < 20; i++) {
      await cluster.ask({ method: 'GET', path: '/version' }, context)
      await context.clock.sleep(seconds(0.07))
    }
    const { lo, hi } = await cluster.offset(context)
    expect(lo).toBeLessThanOrEqual(0.001)
    expect(hi).toBeGreaterThanOrEqual(-0.001)
    expect(hi - lo).toBeLessThan(0.5)
  })
})

test('a watch tells every change in order, and says so when it cannot know', async () => {
  const kubeconfig = plane.kubeconfig
  const cluster = await open(kubeconfig)
  const ending = new AbortController()
  const changes: Change[] = []
  await plane.namespace('watched')
  const watching = watch(
    cluster,
    KINDS.configmap,
    { namespace: 'watched' },
    (change) => changes.push(change),
    contextOf(kubeconfig, { signal: ending.signal }),
  )
  const names = () => changes.flatMap((change) => ('object' in change ? [`${change.type} ${change.object.metadata.name}`] : [change.type]))
  await plane.waitFor('it is listed', async () => names().includes('LISTED'))
  const context = contextOf(kubeconfig)
  await cluster.create(KINDS.configmap, 'watched', configMap('one'), context)
  await cluster.patch(KINDS.configmap, 'watched', 'one', [{ op: 'replace', path: '/data/key', value: 'two' }], context)
  await cluster.remove(KINDS.configmap, 'watched', 'one', {}, context)
  await plane.waitFor('all is told', async () => names().includes('DELETED one'))
  expect(names().filter((name) => name.endsWith(' one'))).toEqual(['ADDED one', 'MODIFIED one', 'DELETED one'])

  await plane.kill('kube-apiserver')
  await plane.waitFor('it is lost', async () => names().includes('LOST'))
  await plane.start('kube-apiserver')
  await plane.waitFor('it is listed again', async () => names().lastIndexOf('LISTED') > names().indexOf('LOST'), 60)
  await plane.waitFor('a change after that', async () => {
    await cluster.create(KINDS.configmap, 'watched', configMap(`late-${changes.length}`), context).catch(() => undefined)
    return names().some((name) => name.startsWith('ADDED late'))
  })
  ending.abort()
  await watching
}, 120_000)
