import { execFile } from 'node:child_process'
import { resolve } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Target } from '../../../src/domain/target.ts'
import { seconds } from '../../../src/domain/time.ts'
import { kubernetesPodKill } from '../../../src/faults/kubernetes/pod-kill.ts'
import { kubernetesPlatform } from '../../../src/platforms/kubernetes/platform.ts'
import { testContext } from '../../kit/context.ts'
import type { ControlPlane } from '../parts/control-plane.ts'
import { endSharedPlane, sharedPlane } from '../parts/shared-plane.ts'

const PODS = 10_000
const SERVING = 20
const ABREAST = 32
const PAGE = 500

let plane: ControlPlane
beforeAll(async () => {
  plane = await sharedPlane()
  await plane.namespace('large')
  await createPods()
  await plane.deploy('front', SERVING, { namespace: 'large', service: true, labels: { crowd: 'yes' } })
}, 180_000)
afterAll(endSharedPlane)

/** Bare ones that nobody schedules: they are there to be listed, and cost the nodes nothing. */
async function createPods(): Promise<void> {
  const spec = { schedulerName: 'nobody', containers: [{ name: 'app', image: 'app:1' }] }
  const queue = Array.from({ length: PODS }, (_, i) => i).values()
  const worker = async (): Promise<void> => {
    for (const i of queue)
      await plane.api.call('POST', '/api/v1/namespaces/large/pods', { metadata: { name: `extra-${i}`, labels: { crowd: 'yes' } }, spec })
  }
  await Promise.all(Array.from({ length: ABREAST }, worker))
}

/** Lists of pods that the API server has answered so far. */
async function listsOfPods(): Promise<number> {
  const { body } = await plane.api.request('GET', '/metrics')
  const lines = String(body)
    .split('\n')
    .filter((line) => /^apiserver_request_total\{.*resource="pods".*verb="LIST"/.test(line) && line.includes('scope="namespace"'))
  return lines.reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0)
}

const crowd = { kind: 'pod', namespace: 'large', selector: 'crowd=yes', system: false, daemonSets: false } as const

test('ten thousand pods are listed page by page, and held as what pins them', async () => {
  const before = await listsOfPods()
  const main = resolve(import.meta.dirname, 'kit/select-main.ts')
  const { stdout } = await promisify(execFile)(process.execPath, [main, JSON.stringify(crowd), plane.kubeconfig, plane.folder])
  const { targets, more, ...took } = JSON.parse(stdout) as { targets: number; seconds: number; more: number }
  expect(targets).toBe(PODS + SERVING)
  expect(await listsOfPods()).toBe(before + Math.ceil((PODS + SERVING) / PAGE))
  expect(more, 'MB').toBeLessThan(150)
  expect(took.seconds).toBeLessThan(20)
})

test('twenty of them are killed, each seen to be gone where the traffic goes, and no other', async () => {
  const context = testContext('', plane.folder, { env: { KUBECONFIG: plane.kubeconfig, PATH: process.env['PATH'] } })
  const all = await kubernetesPlatform.resolve(crowd, context)
  const picked = all.filter(({ label }) => label.includes('/front-'))
  expect(picked.length).toBe(SERVING)
  const inputs = picked.map((target, index) => inputOf(target, index))
  expect((await kubernetesPodKill.preflight?.(inputs, context))?.refusals).toEqual([])

  const lists = await listsOfPods()
  const began = performance.now()
  const plan = async (input: Input) => ({ input, mutation: await kubernetesPodKill.plan(input, context) })
  const mutations = await Promise.all(inputs.map(plan))
  const watching = mutations.map(({ input, mutation }) =>
    kubernetesPodKill.effect(input, mutation, { ...context, signal: AbortSignal.timeout(20_000) }),
  )
  await Promise.all(mutations.map(({ input, mutation }) => kubernetesPodKill.inject(input, mutation, context)))
  const seen = await Promise.all(watching)
  expect(performance.now() - began).toBeLessThan(20_000)
  expect(seen.filter(({ proven, level }) => proven && level === 'data').length).toBe(SERVING)
  // What is picked is not looked for again among ten thousand. The controller's own lists are watches.
  expect((await listsOfPods()) - lists).toBe(0)

  const left = new Set((await kubernetesPlatform.resolve(crowd, context)).map(({ id }) => id))
  expect(all.filter(({ id }) => !left.has(id))).toEqual(picked)
})

type Input = Parameters<typeof kubernetesPodKill.plan>[0]

const inputOf = (target: Target, index: number): Input => ({
  spec: { grace: seconds(0), beyondBudget: false, bare: false },
  target,
  token: `run/kill#1/${index}`,
  longest: seconds(60),
  random: () => 0.5,
})
