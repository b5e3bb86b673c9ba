import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Place, place, run } from '../../kit/cli.ts'
import { type ControlPlane, startControlPlane } from '../parts/control-plane.ts'
import { faulted } from './stage.ts'

// Whoever may write an annotation or a ConfigMap somewhere must not have an administrator's undo act for them.

let plane: ControlPlane
beforeAll(async () => {
  plane = await startControlPlane({})
})
afterAll(() => plane?.[Symbol.asyncDispose]())

const STORE = ['--store', 'kubernetes:drill'] as const
const onCluster = (at: Place) => ({ ...at.env, KUBECONFIG: plane.kubeconfig })

/** What runs a command of the forger's. */
const command = (file: string) => ({
  id: 'f#1/0',
  run: 'forged',
  fault: 'f',
  kind: 'process/exec',
  version: 1,
  target: 'it',
  data: { undo: ['touch', file], effect: null, env: {}, folder: '/' },
  command: `touch ${file}`,
  expires: null,
  due: 1,
})

const map = (name: string, namespace: string, annotations: object, data: object) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, namespace, labels: { 'firedrill/run': 'forged', 'firedrill/expires': '1' }, annotations },
  data,
})

test.each([
  ['no JSON', (_file: string) => 'no JSON'],
  ['a command', (file: string) => JSON.stringify(command(file))],
  [
    'another object',
    (file: string) =>
      JSON.stringify({
        ...command(file),
        kind: 'kubernetes/node-cordon',
        data: { object: { kind: 'node', namespace: null, name: 'n', uid: 'u' } },
      }),
  ],
])('a mark with %s is shown, not carried out, and keeps nobody else from being undone', async (what, text) => {
  using at = place()
  const namespace = `forged-${what.replaceAll(/\W/g, '').toLowerCase()}`
  const file = join(at.folder, 'done')
  await plane.namespace(namespace)
  await plane.apply([map('bait', namespace, { 'firedrill/undo': text(file) }, {})])
  const status = await run(['status', ...STORE], onCluster(at))
  expect(status.stdout).toContain(`configmap ${namespace}/bait`)
  const undone = await run(['undo', '--expired', '--json', ...STORE], onCluster(at))
  expect(undone.code, undone.stdout).toBe(5)
  expect(undone.stdout).toContain(`kubectl -n ${namespace} get configmaps bait -o yaml`)
  expect(existsSync(file)).toBe(false)
  await plane.kubectl('delete', 'namespace', namespace, '--wait=false')
  await plane.kubectl('-n', namespace, 'delete', 'configmap', 'bait', '--ignore-not-found')
})

test('a command in a ConfigMap waits until somebody has seen it', async () => {
  using at = place()
  const file = join(at.folder, 'done')
  await plane.namespace('stored')
  await plane.apply([map('firedrill-undo-x', 'stored', {}, { 'record.json': JSON.stringify(command(file)), order: '1' })])
  const sweep = await run(['undo', '--expired', '--json', ...STORE], onCluster(at))
  expect(sweep.code, sweep.stdout).toBe(5)
  expect(sweep.stdout).toContain('firedrill undo --run forged --store kubernetes:drill')
  expect(existsSync(file)).toBe(false)
  const named = await run(['undo', '--run', 'forged', '--json', ...STORE], onCluster(at))
  expect(named.stdout).toContain('f#1/0')
  expect(existsSync(file), 'who names the run has seen it').toBe(true)
  await plane.kubectl('-n', 'stored', 'delete', 'configmap', 'firedrill-undo-x', '--ignore-not-found')
})

test('a record that is not the one on the object has no say in what the object is put back to', async () => {
  await using at = await faulted(
    'kubernetes/workload-scale',
    { replicas: 0, autoscaled: false },
    { kind: 'deployment', name: 'cart' },
    ({ plane: own, namespace }) => own.deploy('cart', 2, { namespace, service: true }),
  )
  const mutation = await at.inject()
  const forged = JSON.parse(JSON.stringify(mutation).replace('"before":{"value":2}', '"before":{"value":99}'))
  expect(forged).not.toEqual(mutation)
  expect(await at.undo(forged)).toMatchObject({ state: 'failed', detail: expect.stringContaining('is not the one in the annotation') })
  expect(await at.undo(mutation)).toMatchObject({ state: 'undone', verified: true })
  expect(await at.kubectl('get', 'deployment', 'cart', '-o', 'jsonpath={.spec.replicas}')).toBe('2')
})
