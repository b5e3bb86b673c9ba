import { execFileSync } from 'node:child_process'
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { snapshot } from '../../contract/rigs/kubernetes/snapshot.ts'
import { type Ended, eventsOf, type Place, place, recordOf, run } from '../../kit/cli.ts'
import { type Service, service } from '../../kit/service.ts'
import { type ControlPlane, startControlPlane } from '../parts/control-plane.ts'
import { program } from '../parts/parts.ts'
import { begin, killBoth, onCluster, runIn, writeDrill } from './kit/drill.ts'

let plane: ControlPlane
let front: Service
let store = ''
beforeAll(async () => {
  front = await service()
  plane = await startControlPlane()
  store = `kubernetes:${plane.context}`
  await plane.addNodes(2)
  await plane.namespace('drills')
})
afterAll(async () => {
  await plane?.[Symbol.asyncDispose]()
  await front?.[Symbol.asyncDispose]()
})

async function shop(namespace: string): Promise<void> {
  await plane.namespace(namespace)
  await plane.deploy('cart', 2, { namespace, service: true })
}

const hole = (at: Place, namespace: string, more: { readonly undoStore?: string } = {}) =>
  writeDrill(at, {
    port: front.port,
    system: namespace,
    targets: { service: { kind: 'service', namespace, name: 'cart' } },
    faults: [{ name: 'hole', fault: 'kubernetes/service-blackhole', target: 'service', for: '100s' }],
    ...more,
  })

/** A drill whose machine is lost while its fault is in place: nothing of it is left but what the cluster holds. */
async function lost(namespace: string, more: { readonly undoStore?: string } = {}): Promise<string> {
  using at = place()
  const { running, out, reached } = begin(hole(at, namespace, more), onCluster(at, plane.kubeconfig), at.out)
  await reached('effect')
  const id = runIn(out)
  await killBoth(running)
  rmSync(at.home, { recursive: true, force: true })
  return id
}

const selectorOf = (namespace: string) => plane.kubectl('-n', namespace, 'get', 'service', 'cart', '-o', 'jsonpath={.spec.selector}')
const records = () => plane.kubectl('get', 'configmaps', '-A', '-l', 'firedrill/run', '-o', 'name')

async function lockIsStale(id: string, env: Place['env']): Promise<void> {
  await plane.waitFor('the lock is stale', async () => {
    const { stdout } = await run(['status', '--store', store, '--json'], env)
    const { stores } = JSON.parse(stdout) as { stores: { runs: { run: string; held: boolean }[] }[] }
    return stores[0]?.runs.find((each) => each.run === id)?.held === false
  })
  // The server tells its time in whole seconds: to the next one who looks it may be valid for another second.
  await pause(1_000)
}

test('records in ConfigMaps: engine, watchdog and machine are gone, and a kubeconfig brings everything back', async () => {
  await shop('stored')
  const before = await snapshot(plane, 'stored')
  const id = await lost('stored', { undoStore: `${store}/drills` })
  expect(await selectorOf('stored')).toContain('blackhole')
  expect(await records()).toContain('configmap/firedrill-undo-')
  using elsewhere = place()
  const env = onCluster(elsewhere, plane.kubeconfig)
  const early = await run(['undo', '--run', id, '--store', store, '--json'], env)
  expect(early).toMatchObject({ code: 4 })
  expect(early.stdout).toContain(`firedrill stop ${id} --store ${store}`)
  await lockIsStale(id, env)
  const undone = await run(['undo', '--run', id, '--store', store, '--json'], env)
  expect(undone.code, undone.stdout).toBe(0)
  expect(JSON.parse(undone.stdout)).toMatchObject({ runs: [{ run: id, undone: [{ state: 'undone', verified: true }] }] })
  expect(await records()).toBe('')
  expect(await snapshot(plane, 'stored')).toEqual(before)
  const again = await run(['undo', '--run', id, '--store', store, '--json'], env)
  expect(again.code, again.stdout).toBe(0)
})

test('marks on the objects alone: status tells, and --expired waits until it is overdue by the cluster’s own clock', async () => {
  await shop('marked')
  const before = await snapshot(plane, 'marked')
  const id = await lost('marked')
  using elsewhere = place()
  const env = onCluster(elsewhere, plane.kubeconfig)
  await lockIsStale(id, env)
  const here = await run(['status'], env)
  expect(here).toMatchObject({ code: 0 })
  expect(here.stdout).toContain('Only this machine was looked at')
  const status = await run(['status', '--store', store], env)
  expect(status.code).toBe(5)
  expect(status.stdout).toMatch(/dead, due in \d/)
  expect(status.stdout).toContain(`firedrill undo --run ${id} --store ${store}`)
  const early = await run(['undo', '--expired', '--store', store], env)
  expect(early.code, early.stderr).toBe(0)
  expect(early.stdout).toContain('Nothing that is faulted is overdue')
  expect(await selectorOf('marked')).toContain('blackhole')
  // As if it had been due two minutes ago.
  await plane.kubectl('-n', 'marked', 'label', 'service', 'cart', '--overwrite', `firedrill/expires=${Math.floor(Date.now() / 1000) - 120}`)
  expect((await run(['status', '--store', store], env)).stdout).toMatch(/dead, overdue by 2m/)
  const undone = await run(['undo', '--expired', '--store', store, '--json'], env)
  expect(undone.code, undone.stdout).toBe(0)
  expect(JSON.parse(undone.stdout)).toMatchObject({ runs: [{ run: id, undone: [{ state: 'undone', verified: true }] }] })
  expect(await snapshot(plane, 'marked')).toEqual(before)
})

/** What a person would paste. */
function paste(command: string): void {
  execFileSync('sh', ['-c', command.replace(/^kubectl/, program('kubectl'))], { env: { ...process.env, KUBECONFIG: plane.kubeconfig } })
}

const commandIn = ({ stdout }: Ended): string =>
  (JSON.parse(stdout) as { runs: { undone: { command: string }[] }[] }).runs[0]?.undone[0]?.command ?? ''

test('who may look and not patch is told the kubectl command that puts it back, and it does', async () => {
  await shop('looked')
  const before = await snapshot(plane, 'looked')
  const id = await lost('looked')
  using elsewhere = place()
  const rules = [{ apiGroups: ['*'], resources: ['*'], verbs: ['get', 'list'] }]
  const looking = onCluster(elsewhere, await plane.user('looker', rules))
  await lockIsStale(id, onCluster(elsewhere, plane.kubeconfig))
  const refused = await run(['undo', '--run', id, '--store', 'kubernetes:looker', '--json'], looking)
  expect(refused.code, refused.stdout).toBe(5)
  expect(JSON.parse(refused.stdout)).toMatchObject({
    runs: [{ undone: [{ state: 'failed', detail: expect.stringContaining('cannot patch') }] }],
  })
  paste(commandIn(refused))
  await plane.kubectl('-n', 'looked', 'delete', 'lease', 'firedrill')
  expect(await snapshot(plane, 'looked')).toEqual(before)
})

test('what somebody changed since is left alone and said to be drifted', async () => {
  await shop('drifted')
  const id = await lost('drifted')
  await plane.kubectl(
    '-n',
    'drifted',
    'patch',
    'service',
    'cart',
    '--type=json',
    '-p',
    '[{"op":"replace","path":"/spec/selector/firedrill~1blackhole","value":"mine"}]',
  )
  using elsewhere = place()
  const env = onCluster(elsewhere, plane.kubeconfig)
  await lockIsStale(id, env)
  const undone = await run(['undo', '--run', id, '--store', store, '--json'], env)
  expect(undone.code, undone.stdout).toBe(0)
  expect(JSON.parse(undone.stdout)).toMatchObject({ runs: [{ undone: [{ state: 'drifted' }] }] })
  expect(await selectorOf('drifted')).toContain('mine')
})

test('a context that leads to another cluster by now: nothing there is taken for undone', async () => {
  await shop('elsewhere')
  const before = await snapshot(plane, 'elsewhere')
  using at = place()
  const env = onCluster(at, plane.kubeconfig)
  const { running, out, reached } = begin(hole(at, 'elsewhere'), env, at.out)
  await reached('effect')
  const id = runIn(out)
  await killBoth(running)
  const { metadata } = await plane.get<{ metadata: { uid: string } }>('/api/v1/namespaces/kube-system')
  const file = join(at.home, 'runs', id, 'undo', 'hole%231%2F0.json')
  const kept = readFileSync(file, 'utf8')
  writeFileSync(file, kept.replaceAll(metadata.uid, '00000000-0000-0000-0000-000000000000'))
  const undone = await run(['undo', '--run', id, '--json'], env)
  expect(undone.code, undone.stdout).toBe(5)
  expect(undone.stdout).toContain('is another cluster')
  writeFileSync(file, kept)
  expect((await run(['undo', '--run', id], env)).code).toBe(0)
  expect(await snapshot(plane, 'elsewhere')).toEqual(before)
})

test('stop from another machine: the drill reads it from its lock, undoes and ends 3', async () => {
  await shop('stopped')
  const before = await snapshot(plane, 'stopped')
  using at = place()
  using elsewhere = place()
  const { running, out, reached } = begin(hole(at, 'stopped'), onCluster(at, plane.kubeconfig), at.out)
  await reached('effect')
  const asked = performance.now()
  const stop = await run(['stop', runIn(out), '--store', store, '--why', 'enough', '--json'], onCluster(elsewhere, plane.kubeconfig))
  expect(stop.code, stop.stdout).toBe(0)
  expect(JSON.parse(stop.stdout)).toMatchObject({ stopped: [{ state: 'ended', open: 0 }] })
  expect(performance.now() - asked).toBeLessThan(15_000)
  const { code, stderr } = await running.ended
  expect(code, stderr).toBe(3)
  expect(eventsOf(out, 'abort')).toMatchObject([{ cause: 'stop', detail: 'enough' }])
  expect(recordOf(out)).toMatchObject({ verdict: 'aborted', faults: [{ undo: { state: 'undone', verified: true } }] })
  expect(await snapshot(plane, 'stopped')).toEqual(before)
  const again = await run(['stop', runIn(out), '--store', store, '--json'], onCluster(elsewhere, plane.kubeconfig))
  expect(again.code).toBe(4)
})
