import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { afterAll, afterEach, describe, expect, test } from 'vitest'
import type { Context } from '../../../src/contracts/context.ts'
import type { LoadLeaves, LoadSession } from '../../../src/contracts/load.ts'
import type { JsonObject } from '../../../src/domain/json.ts'
import { rate, seconds } from '../../../src/domain/time.ts'
import type { Spec } from '../../../src/load/k6-operator/parameters.ts'
import { clusterStore } from '../../../src/platforms/kubernetes/hold/store.ts'
import { kubernetesPlatform } from '../../../src/platforms/kubernetes/platform.ts'
import { k6Operator } from '../../../src/registry/loads.ts'
import { eventsOf, place, run, until } from '../../kit/cli.ts'
import { tempFolder, testContext } from '../../kit/context.ts'
import { service } from '../../kit/service.ts'
import { crdsMissing, installCrds, K6_OPERATOR } from '../parts/crds.ts'
import { type K6Controller, type K6Options, startK6Controller } from '../parts/k6-controller.ts'
import { endSharedPlane, sharedPlane } from '../parts/shared-plane.ts'
import { begin, killBoth, onCluster, runIn, writeDrill } from './kit/drill.ts'

const missing = crdsMissing(K6_OPERATOR)
if (missing !== undefined) process.stderr.write(`SKIPPED: tests with the k6 Operator, for ${missing}\n`)

const SCRIPT =
  "import http from 'k6/http'\nexport default () => http.get('http://cart/', { timeout: '1s', headers: { 'firedrill-run': __ENV.FIREDRILL_RUN } })\n"

const ending = new AsyncDisposableStack()
afterAll(async () => {
  await ending.disposeAsync()
  await endSharedPlane()
})

let controller: K6Controller | undefined
afterEach(async () => {
  await controller?.[Symbol.asyncDispose]()
  controller = undefined
})

let scenes = 0

async function sceneOf(env: Context['env'] = {}) {
  const plane = await sharedPlane()
  const namespace = `load-${scenes++}`
  await plane.namespace(namespace)
  const { path: folder } = ending.use(tempFolder())
  writeFileSync(join(folder, 'load.js'), SCRIPT)
  const notes: string[] = []
  const context = (extra?: Partial<Context>): Context =>
    testContext('', folder, {
      run: `run-${namespace}`,
      env: { KUBECONFIG: plane.kubeconfig, ...env },
      note: (text) => notes.push(text),
      ...extra,
    })
  const spec: Spec = {
    namespace,
    parallelism: 2,
    image: 'grafana/k6:1.8.1',
    args: [],
    env: { STAGE: 'drill' },
    secrets: { TOKEN: 'api/token' },
    method: 'GET',
    timeout: seconds(1),
    startWithin: seconds(15),
    script: 'load.js',
  }
  const start = (extra: Partial<Spec> = {}, within: Context = context(), limit = seconds(60)): Promise<LoadSession> =>
    k6Operator.start({ spec: { ...spec, ...extra }, rate: rate(20), ramp: seconds(0), limit, samples: () => expect.unreachable() }, within)
  /** Names of what this project makes, as they are in the cluster. */
  const left = async (): Promise<string> =>
    (await plane.kubectl('-n', namespace, 'get', 'testruns,configmaps', '-l', 'firedrill/run', '-o', 'name')).trim()
  return { plane, namespace, folder, context, spec, start, left, notes }
}

type Scene = Awaited<ReturnType<typeof sceneOf>>

const play = ({ plane }: Scene, options?: K6Options): K6Controller => {
  controller = startK6Controller(plane, options)
  return controller
}

/** The garbage collector learns of a new kind up to half a minute later: until then what a TestRun owns outlives it. */
async function ownersKnown(): Promise<void> {
  const plane = await sharedPlane()
  const { api } = plane
  const runs = '/apis/k6.io/v1alpha1/namespaces/default/testruns'
  const maps = '/api/v1/namespaces/default/configmaps'
  const spec = { parallelism: 1, script: { configMap: { name: 'owned' } } }
  const { metadata } = await api.call<{ metadata: { uid: string } }>('POST', runs, {
    apiVersion: 'k6.io/v1alpha1',
    kind: 'TestRun',
    metadata: { name: 'owner' },
    spec,
  })
  const owner = { apiVersion: 'k6.io/v1alpha1', kind: 'TestRun', name: 'owner', uid: metadata.uid }
  await api.call('POST', maps, { metadata: { name: 'owned', ownerReferences: [owner] } })
  await api.call('DELETE', `${runs}/owner`)
  await plane.waitFor('what it owned is collected', async () => (await api.request('GET', `${maps}/owned`)).status === 404, 90)
}

describe.skipIf(missing !== undefined)('k6 Operator', () => {
  // First: nothing is installed yet.
  test('where it is not installed it is refused, with how to install it', async () => {
    const { spec, context } = await sceneOf()
    await expect(k6Operator.check(spec, context())).rejects.toMatchObject({ code: 'K6_OPERATOR_MISSING', exit: 4 })
    await installCrds(await sharedPlane(), K6_OPERATOR)
    await ownersKnown()
  }, 120_000)

  test('it is checked without a trace: the script, the operator, the rights', async () => {
    const scene = await sceneOf()
    const { spec, context, folder, plane, namespace } = scene
    const checked = await k6Operator.check(spec, context())
    expect(checked.engine).toBe('k6-operator grafana/k6:1.8.1')
    expect(checked.warnings.map((text) => text.split(':')[0])).toEqual(['k6-samples', 'k6-rate'])
    expect(await scene.left()).toBe('')
    const { script: _, ...bare } = spec
    await expect(k6Operator.check(bare, context())).rejects.toMatchObject({ code: 'K6_WHAT' })
    writeFileSync(join(folder, 'parts.js'), "import { cart } from './cart.js'\n")
    await expect(k6Operator.check({ ...spec, script: 'parts.js' }, context())).rejects.toMatchObject({ code: 'K6_SCRIPT' })
    writeFileSync(join(folder, 'large.js'), `// ${'x'.repeat(1_000_001)}\n`)
    await expect(k6Operator.check({ ...spec, script: 'large.js' }, context())).rejects.toMatchObject({ code: 'K6_SCRIPT' })
    const kubeconfig = await plane.user('drill-load', [{ apiGroups: [''], resources: ['pods'], verbs: ['list'] }], namespace)
    const needs = k6Operator.needs?.(spec) ?? []
    expect(await kubernetesPlatform.missing?.(needs, context({ env: { KUBECONFIG: kubeconfig } }))).toEqual(
      ['create configmaps', 'create testruns', 'delete configmaps', 'delete testruns', 'get configmaps', 'get testruns'].map(
        (what) => `${what} in ${namespace}`,
      ),
    )
    await k6Operator.check(spec, context({ env: { KUBECONFIG: kubeconfig } }))
  })

  test('an operator that does not know a field is refused: it would leave it out', async () => {
    const scene = await sceneOf()
    const crd = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions/testruns.k6.io'
    const before = await scene.plane.get<{
      spec: { versions: { schema: { openAPIV3Schema: { properties: { spec: { properties: JsonObject } } } } }[] }
    }>(crd)
    const { args: _, ...older } = before.spec.versions[0]?.schema.openAPIV3Schema.properties.spec.properties ?? {}
    const patch = (value: JsonObject) =>
      scene.plane.api.call(
        'PATCH',
        crd,
        [{ op: 'replace', path: '/spec/versions/0/schema/openAPIV3Schema/properties/spec/properties', value }],
        'application/json-patch+json',
      )
    await patch(older)
    await scene.plane.waitFor('the older one is in force', async () => {
      const said = await k6Operator.check(scene.spec, scene.context()).then(
        () => undefined,
        (error: unknown) => error,
      )
      if (said === undefined) return false
      expect(said).toMatchObject({ code: 'K6_OPERATOR', message: expect.stringContaining('spec.args') as string })
      return true
    })
    await patch(before.spec.versions[0]?.schema.openAPIV3Schema.properties.spec.properties ?? {})
    await scene.plane.waitFor('the new one is back', () =>
      k6Operator.check(scene.spec, scene.context()).then(
        () => true,
        () => false,
      ),
    )
  })

  test('script, rate and secrets by reference reach the runners; stopped, nothing of it is left', async () => {
    const scene = await sceneOf()
    play(scene)
    const session = await scene.start({ cpu: '500m', args: ['--vus', '3'] })
    const [name] = (await scene.left()).split('\n').map((each) => each.split('/')[1])
    const { data } = await scene.plane.get<{ data: object }>(`/api/v1/namespaces/${scene.namespace}/configmaps/${name}`)
    expect(data).toEqual({ 'script.js': SCRIPT })
    const run = await scene.plane.get<{ spec: object }>(`/apis/k6.io/v1alpha1/namespaces/${scene.namespace}/testruns/${name}`)
    expect(run.spec).toMatchObject({
      parallelism: 2,
      script: { configMap: { name, file: 'script.js' } },
      args: ['--no-usage-report', '--tag', `firedrill_run=${scene.context().run}`, '--dns=ttl=0', '--no-connection-reuse', '--vus', '3'],
      runner: { image: 'grafana/k6:1.8.1', resources: { limits: { cpu: '500m' } } },
    })
    expect(JSON.stringify(run.spec)).toContain('{"name":"FIREDRILL_RATE","value":"20"}')
    expect(JSON.stringify(run.spec)).toContain('"valueFrom":{"secretKeyRef":{"key":"token","name":"api"}}')
    await session.stop()
    expect(await session.ended).toMatchObject({ ok: true, detail: { runners: [{ runner: `${name}-1` }, { runner: `${name}-2` }] } })
    expect(await scene.left()).toBe('')
    await scene.plane.waitFor(
      'the runners are gone',
      async () => (await scene.plane.kubectl('-n', scene.namespace, 'get', 'pods', '-o', 'name')) === '',
    )
  })

  test('a URL instead of a script: the same traffic as k6 makes here, by the same generated script', async () => {
    const scene = await sceneOf()
    play(scene)
    const { script: _, ...spec } = scene.spec
    const session = await k6Operator.start(
      { spec: { ...spec, url: 'http://cart/' }, rate: rate(20), ramp: seconds(0), limit: seconds(2), samples: () => undefined },
      scene.context(),
    )
    const runs = await scene.plane.get<{ items: { spec: { runner: { env: { name: string; value?: string }[] } } }[] }>(
      `/apis/k6.io/v1alpha1/namespaces/${scene.namespace}/testruns`,
    )
    const env = Object.fromEntries((runs.items[0]?.spec.runner.env ?? []).map(({ name, value }) => [name, value]))
    expect(JSON.parse(env['FIREDRILL_REQUEST'] ?? '')).toMatchObject({
      url: 'http://cart/',
      headers: { 'firedrill-run': scene.context().run },
    })
    expect(JSON.parse(env['FIREDRILL_OPTIONS'] ?? '')).toMatchObject({
      scenarios: { load: { executor: 'constant-arrival-rate', rate: 20_000 } },
    })
    // Nobody stops it: its limit does.
    expect(await session.ended).toMatchObject({ ok: true })
    expect(await scene.left()).toBe('')
  })

  test.each([
    { codes: [0, 0], ok: true, meanings: ['done', 'done'] },
    { codes: [0, 99], ok: false, meanings: ['done', 'thresholds crossed'] },
    { codes: [108, 107], ok: false, meanings: ['aborted by the script', 'script exception'] },
    { codes: [0, undefined], ok: false, meanings: ['done', 'Evicted: The node was low on memory'] },
  ])('runners that end with $codes are told apart: $meanings', async ({ codes, ok, meanings }) => {
    const scene = await sceneOf()
    const operator = play(scene)
    const session = await scene.start()
    await pause(300)
    operator.finish(...codes)
    const end = await session.ended
    expect(end.ok).toBe(ok)
    expect(end.detail).toMatchObject({
      runners: codes.map((exit, i) => ({ exit: exit ?? null, meaning: meanings[i] })),
      samples: expect.stringContaining('none') as string,
    })
    expect(await scene.left()).toBe('')
    await session.stop()
  })

  test('an image that is not there, a script that is refused, no operator at all: no start, its reason, and nothing is left', async () => {
    const scene = await sceneOf()
    const waiting = { reason: 'ImagePullBackOff', message: 'Back-off pulling image "grafana/k6:nope"' }
    await using pulling = startK6Controller(scene.plane, { waiting })
    await expect(scene.start()).rejects.toMatchObject({ code: 'K6_START', message: expect.stringContaining('grafana/k6:nope') as string })
    expect(await scene.left()).toBe('')
    await pulling[Symbol.asyncDispose]()
    await using refusing = startK6Controller(scene.plane, { refuses: true })
    await expect(scene.start()).rejects.toMatchObject({ code: 'K6_START', message: expect.stringContaining('at least 2 VUs') as string })
    expect(await scene.left()).toBe('')
    await refusing[Symbol.asyncDispose]()
    await expect(scene.start({ startWithin: seconds(2) })).rejects.toMatchObject({
      message: expect.stringContaining('no operator has looked at it') as string,
    })
    expect(await scene.left()).toBe('')
  })

  test('stopped while it starts: nothing is left', async () => {
    const scene = await sceneOf()
    await expect(scene.start({}, scene.context({ signal: AbortSignal.timeout(1_500) }))).rejects.toThrow()
    expect(await scene.left()).toBe('')
  })

  test('deleted by somebody, or aborted with the drill: it is over, and said how', async () => {
    const scene = await sceneOf()
    play(scene)
    const session = await scene.start()
    await scene.plane.kubectl('-n', scene.namespace, 'delete', 'testruns', '--all')
    expect(await session.ended).toMatchObject({ ok: false, detail: { meaning: 'somebody deleted its TestRun' } })
    expect(await scene.left()).toBe('')
    const aborting = new AbortController()
    const another = await sceneOf()
    const second = await another.start({}, another.context({ signal: aborting.signal }))
    aborting.abort(new Error('enough'))
    expect(await second.ended).toMatchObject({ ok: true })
    expect(await another.left()).toBe('')
  })

  test('an API server that does not answer for a while ends no traffic', async () => {
    const scene = await sceneOf()
    play(scene)
    const session = await scene.start()
    await scene.plane.pause('kube-apiserver')
    await pause(2_000)
    await scene.plane.resume('kube-apiserver')
    expect(await Promise.race([session.ended, pause(1_000, 'running')])).toBe('running')
    await session.stop()
    expect(await session.ended).toMatchObject({ ok: true })
    expect(await scene.left()).toBe('')
  })

  test('the process that made it is dead: put away by its handle, or by whoever knows the run alone; nothing of anybody else’s', async () => {
    const scene = await sceneOf()
    const { plane, namespace, context, spec } = scene
    play(scene)
    let made: LoadLeaves | undefined
    const dying = new AbortController()
    const make = async (): Promise<string> => {
      const leaves = async (what: LoadLeaves) => {
        // Known before there is anything.
        expect(await scene.left()).toBe('')
        made = JSON.parse(JSON.stringify(what)) as LoadLeaves
      }
      const input = { spec, rate: rate(20), ramp: seconds(0), limit: seconds(600), samples: () => undefined, leaves }
      await k6Operator.start(input, context({ signal: dying.signal }))
      return (await scene.left()).split('\n').find((name) => name.startsWith('configmap')) ?? ''
    }
    // Of a fault of the same run on a ConfigMap of somebody's, and of another run.
    await plane.kubectl('-n', namespace, 'create', 'configmap', 'theirs')
    const run = `firedrill/run=${context().run}`
    const cleanUp = async () => k6Operator.cleanUp?.(made?.handle ?? {}, context())
    const name = await make()
    await plane.kubectl('-n', namespace, 'label', 'configmap/theirs', run)
    await cleanUp()
    expect(await scene.left()).toBe('configmap/theirs')
    await cleanUp()
    await plane.kubectl('-n', namespace, 'create', name.replace('/', ' ').split(' ')[0] ?? '', name.split('/')[1] ?? '')
    await cleanUp()
    expect(await plane.kubectl('-n', namespace, 'get', 'configmaps', '-o', 'name')).toContain(name)
    await plane.kubectl('-n', namespace, 'delete', name)
    await plane.kubectl('-n', namespace, 'label', 'configmap/theirs', 'firedrill/run-')
    await make()
    await plane.kubectl('-n', namespace, 'label', 'configmap/theirs', run)
    const store = await clusterStore.open('kubernetes:', { env: context().env, folder: scene.folder })
    await store.sweep?.('another-run')
    expect((await scene.left()).split('\n')).toHaveLength(3)
    await store.sweep?.(context().run)
    expect(await scene.left()).toBe('configmap/theirs')
  })

  test.each(['the watchdog', 'undo --run'])(
    'SIGKILL of firedrill in mid-drill: %s leaves no TestRun and no script',
    async (by) => {
      const scene = await sceneOf()
      const { plane, namespace } = scene
      play(scene)
      await using front = await service()
      using at = place()
      writeFileSync(join(at.folder, 'load.js'), SCRIPT)
      await plane.deploy('cart', 1, { namespace, service: true })
      const file = writeDrill(at, {
        port: front.port,
        system: namespace,
        targets: { service: { kind: 'service', namespace, name: 'cart' } },
        faults: [{ name: 'hole', fault: 'kubernetes/service-blackhole', target: 'service', for: '100s' }],
        more: { load: { 'k6-operator': { script: 'load.js', namespace, rate: '20/s' } } },
      })
      const env = onCluster(at, plane.kubeconfig)
      const drill = begin(file, env, at.out)
      await drill.reached('fault.injected')
      expect((await scene.left()).split('\n')).toEqual(expect.arrayContaining([expect.stringMatching(/^testrun/)]))
      if (by === 'the watchdog') {
        process.kill(drill.running.pid, 'SIGKILL')
        await until('the journal is closed', () => eventsOf(at.out, 'drill.closed').length > 0, 60)
      } else {
        await killBoth(drill.running)
        const undone = await run(['undo', '--run', runIn(at.out), '--json'], env)
        expect(undone.code, undone.stdout + undone.stderr).toBe(0)
      }
      expect(await scene.left()).toBe('')
      expect(eventsOf(at.out, 'left-behind')).toEqual([])
      await plane.waitFor('the runners are gone', async () => {
        const pods = ['get', 'pods', '-l', 'runner=true', '-o', 'name']
        return (await plane.kubectl('-n', namespace, ...pods)) === ''
      })
    },
    90_000,
  )
})
