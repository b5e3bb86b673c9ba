import { afterAll, afterEach, describe, expect, test } from 'vitest'
import type { Context } from '../../../src/contracts/context.ts'
import type { Fault, FaultInput, Mutation } from '../../../src/contracts/fault.ts'
import type { Json, JsonObject } from '../../../src/domain/json.ts'
import { seconds } from '../../../src/domain/time.ts'
import { clusterStore } from '../../../src/platforms/kubernetes/hold/store.ts'
import { kubernetesPlatform } from '../../../src/platforms/kubernetes/platform.ts'
import type { Selector } from '../../../src/platforms/kubernetes/target/select.ts'
import * as faults from '../../../src/registry/faults.ts'
import { tempFolder, testContext, testLease } from '../../kit/context.ts'
import { type ChaosController, type ChaosOptions, HIT, startChaosController } from '../parts/chaos-controller.ts'
import type { ControlPlane } from '../parts/control-plane.ts'
import { CHAOS_MESH, crdsMissing, installCrds } from '../parts/crds.ts'
import { endSharedPlane, sharedPlane } from '../parts/shared-plane.ts'

const missing = crdsMissing(CHAOS_MESH)
if (missing !== undefined) process.stderr.write(`SKIPPED: tests with Chaos Mesh, for ${missing}\n`)

const delay = faults.kubernetesNetworkDelay as unknown as Fault
const dns = faults.kubernetesDnsFail as unknown as Fault
const SPEC = { latency: 0.2, jitter: 0 }

const ending = new AsyncDisposableStack()
afterAll(async () => {
  await ending.disposeAsync()
  await endSharedPlane()
})

let controller: ChaosController | undefined
const play = (plane: ControlPlane, options?: ChaosOptions): ChaosController => {
  controller = startChaosController(plane, options)
  return controller
}
afterEach(async () => {
  await controller?.[Symbol.asyncDispose]()
  controller = undefined
})

interface Scene {
  readonly plane: ControlPlane
  readonly namespace: string
  readonly context: (extra?: Partial<Context>) => Context
  readonly input: (extra?: Partial<FaultInput<Json>>) => FaultInput<Json>
  /** The object's name, from what was planned. */
  readonly nameOf: (mutation: Mutation<Json>) => string
  readonly chaos: (name: string) => Promise<{ readonly status: number; readonly body: unknown }>
  readonly hit: () => Promise<readonly string[]>
}

let scenes = 0

async function sceneOn(of: Partial<Selector> = { selector: 'app=cart' }, spec: JsonObject = {}, env: Context['env'] = {}): Promise<Scene> {
  const plane = await sharedPlane()
  const namespace = `chaos-${scenes++}`
  await plane.namespace(namespace)
  await plane.deploy('cart', 1, { namespace, spec })
  const folder = ending.use(tempFolder())
  const lease = ending.use(testLease(folder.path))
  const context: Scene['context'] = (extra) =>
    testContext(lease.file, folder.path, { run: `run-${namespace}`, env: { KUBECONFIG: plane.kubeconfig, ...env }, ...extra })
  const [target] = await kubernetesPlatform.resolve({ kind: 'pod', system: false, daemonSets: false, namespace, ...of }, context())
  let tokens = 0
  return {
    plane,
    namespace,
    context,
    input: (extra) => ({ spec: SPEC, target: target ?? null, token: `t${tokens++}`, longest: seconds(60), random: () => 0.5, ...extra }),
    nameOf: ({ undo }) => (undo as { readonly name: string }).name,
    chaos: (name) => plane.api.request('GET', `/apis/chaos-mesh.org/v1alpha1/namespaces/${namespace}/networkchaos/${name}`),
    hit: async () => {
      const { items } = await plane.get<{ items: { metadata: { name: string; annotations?: Record<string, string> } }[] }>(
        `/api/v1/namespaces/${namespace}/pods`,
      )
      return items.filter(({ metadata }) => metadata.annotations?.[HIT] !== undefined).map(({ metadata }) => metadata.name)
    },
  }
}

const injectInto = async ({ context, input }: Scene, extra?: Partial<FaultInput<Json>>): Promise<Mutation<Json>> => {
  const asked = input(extra)
  const mutation = await delay.plan(asked, context())
  await delay.inject(asked, mutation, context())
  return mutation
}

const undo = (mutation: Mutation<Json>, { context }: Scene) => delay.undo(mutation.undo, context({ signal: AbortSignal.timeout(30_000) }))

describe.skipIf(missing !== undefined)('Chaos Mesh', () => {
  // First: nothing is installed yet.
  test('where it is not installed, the plan says so and how to install it; planning itself goes on', async () => {
    const { context, input } = await sceneOn()
    expect((await delay.plan(input(), context())).call).toContain('NetworkChaos')
    const { refusals } = (await delay.preflight?.([input()], context())) ?? {}
    expect(refusals).toMatchObject([{ code: 'CHAOS_MESH_MISSING', text: expect.stringContaining('helm install chaos-mesh') as string }])
    await installCrds(await sharedPlane(), CHAOS_MESH)
  })

  test('its controller and its DNS server are looked for: unseen is a warning, not ready a refusal', async () => {
    const { plane, namespace, context, input } = await sceneOn()
    const look = async (fault: Fault) => fault.preflight?.([input()], context())
    const codes = (of: Awaited<ReturnType<typeof look>>) => [of?.refusals.map(({ code }) => code), of?.warnings.map(({ code }) => code)]
    expect(codes(await look(delay))).toEqual([[], ['CHAOS_MESH_UNSEEN']])
    expect(codes(await look(dns))).toEqual([[], ['CHAOS_MESH_UNSEEN', 'CHAOS_MESH_UNSEEN']])
    await plane.deploy('chaos-controller-manager', 1, { namespace })
    await plane.deploy('chaos-dns-server', 1, { namespace, image: 'dns:missing', wait: false })
    const label = (name: string, component: string) =>
      plane.kubectl(
        '-n',
        namespace,
        'label',
        'deployment',
        name,
        'app.kubernetes.io/name=chaos-mesh',
        `app.kubernetes.io/component=${component}`,
      )
    await label('chaos-controller-manager', 'controller-manager')
    await label('chaos-dns-server', 'chaos-dns-server')
    expect(codes(await look(delay))).toEqual([[], []])
    expect(codes(await look(dns))).toEqual([['CHAOS_MESH_NOT_READY'], []])
    await plane.kubectl('-n', namespace, 'delete', 'deployment', 'chaos-controller-manager', 'chaos-dns-server')
  })

  test('creating, reading and deleting its objects and reading pods is enough; what is missing is named', async () => {
    const { plane, namespace } = await sceneOn()
    play(plane)
    const kubeconfig = await plane.user(
      'drill-chaos',
      [
        { apiGroups: ['chaos-mesh.org'], resources: ['networkchaos'], verbs: ['create', 'get', 'list', 'watch', 'delete'] },
        { apiGroups: [''], resources: ['pods'], verbs: ['get', 'list'] },
      ],
      namespace,
    )
    const own = await sceneOn({ namespace, selector: 'app=cart' }, {}, { KUBECONFIG: kubeconfig })
    const needs = (await delay.preflight?.([own.input()], own.context()))?.needs ?? []
    expect(await kubernetesPlatform.missing?.(needs, own.context())).toEqual([])
    const more = (await dns.preflight?.([own.input()], own.context()))?.needs ?? []
    expect(await kubernetesPlatform.missing?.(more, own.context())).toContain(`create dnschaos in ${namespace}`)
    const mutation = await injectInto(own)
    expect(await undo(mutation, own)).toMatchObject({ state: 'undone', verified: true })
  })

  test('AllRecovered before the first injection is no end: it is waited for AllInjected', async () => {
    const scene = await sceneOn()
    const { history } = play(scene.plane, { slow: 2_500 })
    const began = performance.now()
    const mutation = await injectInto(scene)
    expect(performance.now() - began).toBeGreaterThan(1_000)
    expect(await scene.hit()).toHaveLength(1)
    const written = history.get(scene.nameOf(mutation)) ?? []
    expect(written).toContain('Run Selected=True AllInjected=False AllRecovered=True Paused=False')
    expect(await undo(mutation, scene)).toMatchObject({ state: 'undone', verified: true })
  })

  test('a pod that cannot be injected: its own words, and an undo that is none of a fault that expired', async () => {
    const scene = await sceneOn()
    play(scene.plane, { failing: 'unable to flush ip sets for pod cart: no such container' })
    const asked = scene.input()
    const mutation = await delay.plan(asked, scene.context())
    await expect(delay.inject(asked, mutation, scene.context())).rejects.toMatchObject({
      code: 'CHAOS_NOT_INJECTED',
      message: expect.stringContaining('unable to flush ip sets') as string,
    })
    const { body } = await scene.chaos(scene.nameOf(mutation))
    expect((body as { status: { conditions: unknown } }).status.conditions).toContainEqual({ type: 'AllRecovered', status: 'True' })
    const seen = await delay.effect(asked, mutation, scene.context({ signal: AbortSignal.timeout(1_000) }))
    expect(seen).toMatchObject({ proven: false, at: null, how: expect.stringContaining('0 of 1 are injected') as string })
    expect(await undo(mutation, scene)).toMatchObject({ state: 'undone', verified: true })
  })

  test('where nothing is selected it would hang for ever: there is an end, and what to look at', async () => {
    const scene = await sceneOn()
    play(scene.plane, { selectsNothing: true })
    const asked = scene.input()
    const mutation = await delay.plan(asked, scene.context())
    const began = performance.now()
    await expect(delay.inject(asked, mutation, scene.context())).rejects.toMatchObject({
      code: 'CHAOS_NOT_INJECTED',
      message: expect.stringContaining('selected no pod') as string,
      next: [expect.stringContaining('describe networkchaos.chaos-mesh.org') as string],
    })
    expect(performance.now() - began).toBeLessThan(20_000)
    expect(await undo(mutation, scene)).toMatchObject({ state: 'undone', verified: true })
  })

  test('its duration has room for the injection; when that is over it ends by itself, and undo puts the object away', async () => {
    const scene = await sceneOn()
    play(scene.plane)
    await expect(delay.plan(scene.input({ for: seconds(3) }), scene.context())).rejects.toMatchObject({ code: 'FOR_TOO_SHORT' })
    const mutation = await injectInto(scene, { for: seconds(5) })
    const name = scene.nameOf(mutation)
    const seen = (await scene.chaos(name)).body as { spec: { duration: string } }
    expect(seen.spec.duration).toBe('20s')
    expect(await scene.hit()).toHaveLength(1)
    await scene.plane.waitFor('its time is over', async () => (await scene.hit()).length === 0, 30)
    await scene.plane.waitFor(
      'it says so',
      async () =>
        ((await scene.chaos(name)).body as { status: { experiment: { desiredPhase: string } } }).status.experiment.desiredPhase === 'Stop',
    )
    expect(await undo(mutation, scene)).toMatchObject({ state: 'expired', verified: true })
    expect((await scene.chaos(name)).status).toBe(404)
  })

  test('held by its finalizer: undo ends failed with the last resort, which it never takes itself', async () => {
    const scene = await sceneOn()
    const chaosMesh = play(scene.plane)
    const mutation = await injectInto(scene)
    chaosMesh.stick('rpc error: node-3 is gone')
    const first = await undo(mutation, scene)
    expect(first).toMatchObject({ state: 'failed', verified: false })
    expect(first.detail).toContain('rpc error: node-3 is gone')
    const name = scene.nameOf(mutation)
    const [, command] = /pods: kubectl (.*)$/.exec(first.detail) ?? []
    expect(command).toBe(
      `--context ${scene.plane.context} -n ${scene.namespace} annotate networkchaos.chaos-mesh.org ${name} chaos-mesh.chaos-mesh.org/cleanFinalizer=forced`,
    )
    expect(mutation.command).toContain(command)
    const began = performance.now()
    expect((await undo(mutation, scene)).state).toBe('failed')
    expect(performance.now() - began).toBeLessThan(5_000)
    expect(((await scene.chaos(name)).body as { metadata: { annotations: object } }).metadata.annotations).not.toHaveProperty([
      'chaos-mesh.chaos-mesh.org/cleanFinalizer',
    ])
    await scene.plane.kubectl(...(command ?? '').split(' '))
    await scene.plane.waitFor('it is let go', async () => (await scene.chaos(name)).status === 404)
    expect(await scene.hit()).toHaveLength(1)
  })

  test('deleted by somebody meanwhile: nothing is there to undo', async () => {
    const scene = await sceneOn()
    play(scene.plane)
    const mutation = await injectInto(scene)
    await scene.plane.kubectl('-n', scene.namespace, 'delete', 'networkchaos', scene.nameOf(mutation))
    expect(await undo(mutation, scene)).toMatchObject({ state: 'not-injected', verified: true })
  })

  test('the object carries how it is undone: a sweep of the cluster finds it', async () => {
    const scene = await sceneOn()
    play(scene.plane)
    const mutation = await injectInto(scene)
    const store = await clusterStore.open(`kubernetes:${scene.plane.context}`, scene.context())
    const found = await store.list(scene.context().run)
    expect(found).toMatchObject([{ kind: 'kubernetes/network-delay', data: mutation.undo, command: mutation.command }])
    expect(await delay.undo(found[0]?.data ?? null, scene.context())).toMatchObject({ state: 'undone' })
  })

  test('a pod on the network of its node is refused: the node would be hit', async () => {
    const scene = await sceneOn({ kind: 'deployment', name: 'cart' }, { hostNetwork: true })
    await expect(delay.plan(scene.input(), scene.context())).rejects.toMatchObject({ code: 'HOST_NETWORK' })
  })

  test('what the cluster would not take is known before anything is approved', async () => {
    const scene = await sceneOn()
    const admission = 'admissionregistration.k8s.io/v1'
    await scene.plane.apply([
      {
        apiVersion: admission,
        kind: 'ValidatingAdmissionPolicy',
        metadata: { name: 'no-chaos' },
        spec: {
          matchConstraints: {
            resourceRules: [{ apiGroups: ['chaos-mesh.org'], apiVersions: ['*'], operations: ['CREATE'], resources: ['*'] }],
          },
          validations: [{ expression: 'false', message: 'no chaos on Fridays' }],
        },
      },
      {
        apiVersion: admission,
        kind: 'ValidatingAdmissionPolicyBinding',
        metadata: { name: 'no-chaos' },
        spec: { policyName: 'no-chaos', validationActions: ['Deny'] },
      },
    ])
    await scene.plane.waitFor('the policy is in force', async () => {
      const said = await delay.plan(scene.input(), scene.context()).then(
        () => undefined,
        (error: unknown) => error,
      )
      if (said === undefined) return false
      expect(said).toMatchObject({ code: 'NOT_ACCEPTED', message: expect.stringContaining('no chaos on Fridays') as string })
      return true
    })
    await scene.plane.kubectl('delete', 'validatingadmissionpolicybinding,validatingadmissionpolicy', 'no-chaos')
  })
})
