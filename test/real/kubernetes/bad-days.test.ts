import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { DrillRecord } from '../../../src/domain/record.ts'
import { snapshot } from '../../contract/rigs/kubernetes/snapshot.ts'
import { type Ended, type Place, place, recordOf, run } from '../../kit/cli.ts'
import { type Service, service } from '../../kit/service.ts'
import { writeKubeconfig } from '../parts/api.ts'
import { type ControlPlane, type Rule, startControlPlane } from '../parts/control-plane.ts'
import { apiProxy } from './kit/api-proxy.ts'
import { type Begun, begin, onCluster, runIn, writeDrill } from './kit/drill.ts'

let plane: ControlPlane
let front: Service
beforeAll(async () => {
  front = await service()
  plane = await startControlPlane()
  await plane.addNodes(2)
})
afterAll(async () => {
  await plane?.[Symbol.asyncDispose]()
  await front?.[Symbol.asyncDispose]()
})

async function shop(namespace: string): Promise<unknown> {
  await plane.namespace(namespace)
  await plane.deploy('cart', 2, { namespace, service: true })
  return snapshot(plane, namespace)
}

const hole = (at: Place, namespace: string, length = '2s', more: object = {}, hold = '300ms') =>
  writeDrill(at, {
    port: front.port,
    system: namespace,
    targets: { service: { kind: 'service', namespace, name: 'cart', ...more } },
    faults: [{ name: 'hole', fault: 'kubernetes/service-blackhole', target: 'service', for: length, effect: { within: '20s' } }],
    more: { steadyState: { probes: ['front'], hold, good: { min: '90%' } } },
  })

const isBack = (namespace: string, before: unknown) =>
  expect.poll(() => snapshot(plane, namespace), { timeout: 20_000, interval: 250 }).toEqual(before)

/** Exit 5, and the command that finishes the undo is on the screen and in the record. */
function expectLeft({ code, stdout, stderr }: Ended, record: DrillRecord): void {
  expect(code, stdout + stderr).toBe(5)
  expect(record.verdict).toBe('undo-failed')
  const command = record.faults[0]?.undo.perTarget[0]?.command ?? ''
  expect(command).toMatch(/^kubectl --context \S+ -n \S+ patch services cart --type=json -p /)
  expect(stdout).toContain(command)
}

const undoneBy = async (begun: Begun, env: Place['env']): Promise<void> => {
  const undone = await run(['undo', '--run', runIn(begun.out), '--json'], env)
  expect(undone.code, undone.stdout + undone.stderr).toBe(0)
  expect(JSON.parse(undone.stdout)).toMatchObject({ runs: [{ undone: [{ state: 'undone', verified: true }] }] })
}

const endOf = async (begun: Begun): Promise<Ended & { readonly record: DrillRecord }> => {
  const ended = await begun.running.ended
  return { ...ended, record: recordOf(begun.out) }
}

describe('before anything is done: exit 4 and what to type', () => {
  const refusal = async (file: string, env: Place['env']) => {
    const began = performance.now()
    const { code, stdout } = await run(['plan', file, '--json'], env)
    expect(code, stdout).toBe(4)
    expect(performance.now() - began).toBeLessThan(15_000)
    return (JSON.parse(stdout) as { error: { code: string; message: string; next: string[] } }).error
  }

  test('the API server is not reachable', async () => {
    using at = place()
    const kubeconfig = writeKubeconfig(join(at.folder, 'closed'), 'drill', { ...plane.access, server: 'https://127.0.0.1:1' })
    const { code, message, next } = await refusal(hole(at, 'nowhere'), onCluster(at, kubeconfig))
    expect(code).toBe('API_UNREACHABLE')
    expect(message).toContain('https://127.0.0.1:1')
    expect(next[0]).toMatch(/^kubectl /)
  })

  test('there is no such context', async () => {
    using at = place()
    const { code, message } = await refusal(hole(at, 'nowhere', '2s', { context: 'production' }), onCluster(at, plane.kubeconfig))
    expect(code).toBe('CONTEXT_UNKNOWN')
    expect(message).toContain('it has drill')
  })

  test('there is no kubeconfig, or it is none', async () => {
    using at = place()
    const file = hole(at, 'nowhere')
    expect((await refusal(file, onCluster(at, join(at.folder, 'missing')))).code).toBe('KUBECONFIG_UNREADABLE')
    expect((await refusal(file, { ...at.env, HOME: at.folder, KUBECONFIG: undefined })).code).toBe('KUBECONFIG_MISSING')
    writeFileSync(join(at.folder, 'broken'), 'clusters: [{{')
    expect((await refusal(file, onCluster(at, join(at.folder, 'broken')))).code).toBe('KUBECONFIG_UNREADABLE')
  })

  test('the token is worth nothing', async () => {
    using at = place()
    const kubeconfig = writeKubeconfig(join(at.folder, 'old'), 'drill', { ...plane.access, token: 'nobody' })
    expect((await refusal(hole(at, 'nowhere'), onCluster(at, kubeconfig))).code).toBe('UNAUTHORIZED')
  })

  test('somebody drills the namespace from another machine: refused, and the run is named', async () => {
    const before = await shop('shared')
    using at = place()
    using other = place()
    const env = onCluster(other, plane.kubeconfig)
    const mine = ['run', hole(other, 'shared'), '--yes', '--out', other.out, '--json']
    const begun = begin(hole(at, 'shared', '60s', {}, '6s'), onCluster(at, plane.kubeconfig), at.out)
    await begun.reached('phase')
    const second = await run(mine, env)
    expect(second.code, second.stdout).toBe(4)
    expect(JSON.parse(second.stdout)).toMatchObject({ error: { code: 'LOCKED', message: expect.stringContaining(runIn(at.out)) } })
    await begun.reached('effect')
    const third = await run(mine, env)
    expect(third.code, third.stdout).toBe(4)
    expect(third.stdout).toContain(`firedrill undo --run ${runIn(at.out)} --store kubernetes:drill`)
    process.kill(begun.running.pid, 'SIGINT')
    expect((await endOf(begun)).code).toBe(3)
    await isBack('shared', before)
  })
})

const RULES: readonly Rule[] = [
  { apiGroups: [''], resources: ['services'], verbs: ['get', 'list', 'patch'] },
  { apiGroups: [''], resources: ['namespaces'], verbs: ['get'] },
  { apiGroups: ['coordination.k8s.io'], resources: ['leases'], verbs: ['create', 'get', 'update', 'delete'] },
  { apiGroups: ['discovery.k8s.io'], resources: ['endpointslices'], verbs: ['list', 'watch'] },
]

/** A token that the API server has not seen yet. */
async function tokenOf(user: string): Promise<string> {
  const path = `/api/v1/namespaces/drill-users/serviceaccounts/${user}/token`
  return (await plane.api.call<{ status: { token: string } }>('POST', path, { spec: {} })).status.token
}

/** Longer than the API server remembers a token. */
const FORGOTTEN = '14s'

describe('credentials and rights go away in mid-drill', () => {
  test('a revoked token: exit 5 and the command; undone after a new login', async () => {
    const before = await shop('revoked')
    using at = place()
    const kubeconfig = await plane.user('drew', RULES)
    const env = onCluster(at, kubeconfig)
    const begun = begin(hole(at, 'revoked', FORGOTTEN), env, at.out)
    await begun.reached('effect')
    await plane.revoke('drew')
    const ended = await endOf(begun)
    expectLeft(ended, ended.record)
    // Another login, whose context has another name: what this machine recorded leads nowhere, what the cluster holds does.
    const anew = onCluster(at, plane.kubeconfig)
    const undone = await plane.waitFor('its lock is stale', async () => {
      const ran = await run(['undo', '--run', runIn(begun.out), '--store', 'kubernetes:drill', '--json'], anew)
      return ran.code !== 4 && ran
    })
    expect(undone.code, undone.stdout).toBe(0)
    const { runs } = JSON.parse(undone.stdout) as { runs: { undone: { state: string; detail: string }[] }[] }
    expect(runs.map((each) => each.undone[0]?.state)).toEqual(['failed', 'undone'])
    expect(runs[0]?.undone[0]?.detail).toContain('has no context "drew"')
    await isBack('revoked', before)
    expect((await run(['status'], anew)).code).toBe(0)
  })

  test('an exec plugin that hands out another token: nobody notices', async () => {
    const before = await shop('rotated')
    using at = place()
    await plane.user('first', RULES)
    await plane.user('second', RULES)
    const token = join(at.folder, 'token')
    writeFileSync(token, await tokenOf('first'))
    // No expirationTimestamp: a client may keep it for as long as it works.
    const script = `printf '{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":{"token":"%s"}}' "$(cat ${token})"`
    const kubeconfig = writeKubeconfig(join(at.folder, 'exec'), 'drill', plane.access)
    const exec = { apiVersion: 'client.authentication.k8s.io/v1', command: 'sh', args: ['-c', script], interactiveMode: 'Never' }
    const config = JSON.parse(readFileSync(kubeconfig, 'utf8')) as object
    writeFileSync(kubeconfig, JSON.stringify({ ...config, users: [{ name: 'drill', user: { exec } }] }))
    const begun = begin(hole(at, 'rotated', FORGOTTEN), onCluster(at, kubeconfig), at.out)
    await begun.reached('effect')
    writeFileSync(token, await tokenOf('second'))
    await plane.revoke('first')
    const { record, code, stderr } = await endOf(begun)
    expect(code, stderr).not.toBe(5)
    expect(record.faults[0]?.undo).toMatchObject({ state: 'undone', verified: true })
    expect(record.verdict).not.toBe('aborted')
    await isBack('rotated', before)
  })

  test('the right to patch is taken away: exit 5 and the command; undone when it is given back', async () => {
    const before = await shop('forbidden')
    using at = place()
    const env = onCluster(at, await plane.user('ruth', RULES))
    const begun = begin(hole(at, 'forbidden', '3s'), env, at.out)
    await begun.reached('effect')
    const role = '/apis/rbac.authorization.k8s.io/v1/clusterroles/ruth'
    const less = RULES.map((rule) => ({ ...rule, verbs: rule.verbs.filter((verb) => verb !== 'patch') }))
    await plane.api.call('PUT', role, { metadata: { name: 'ruth' }, rules: less })
    const ended = await endOf(begun)
    expectLeft(ended, ended.record)
    expect(ended.record.faults[0]?.undo.perTarget[0]?.detail).toContain('cannot patch resource "services"')
    await plane.api.call('PUT', role, { metadata: { name: 'ruth' }, rules: RULES })
    await pause(1_000)
    await undoneBy(begun, env)
    await isBack('forbidden', before)
  })
})

/** Writes the object again and again, as a busy controller does, until it is told to end. */
function writer(path: string): { readonly writes: () => number; end(): Promise<void> } {
  let over = false
  let writes = 0
  const work = (async () => {
    while (!over) {
      await plane.api.call('PATCH', path, { metadata: { annotations: { busy: String(++writes) } } }, 'application/merge-patch+json')
    }
  })()
  return {
    writes: () => writes,
    end: async () => {
      over = true
      await work
    },
  }
}

describe('others at work on the same object', () => {
  test('somebody writes it without a pause: injected and undone between two writes', async () => {
    const before = await shop('busy')
    using at = place()
    const busy = writer('/api/v1/namespaces/busy/services/cart')
    const begun = begin(hole(at, 'busy', '3s'), onCluster(at, plane.kubeconfig), at.out)
    const { record, code, stderr } = await endOf(begun)
    await busy.end()
    expect(busy.writes()).toBeGreaterThan(100)
    expect(code, stderr).not.toBe(5)
    expect(record.faults[0]?.undo).toMatchObject({ state: 'undone', verified: true })
    await plane.kubectl('-n', 'busy', 'annotate', 'service', 'cart', 'busy-')
    await isBack('busy', before)
  })

  test('it is deleted before the undo: there is nothing to put back', async () => {
    await shop('deleted')
    using at = place()
    const begun = begin(hole(at, 'deleted', '3s'), onCluster(at, plane.kubeconfig), at.out)
    await begun.reached('effect')
    await plane.kubectl('-n', 'deleted', 'delete', 'service', 'cart')
    const { record, code, stderr } = await endOf(begun)
    expect(code, stderr).not.toBe(5)
    expect(record.faults[0]?.undo).toMatchObject({ state: 'not-needed', verified: true })
  })
})

describe('what lies between firedrill and the API server', () => {
  test('the watch is cut before the effect shows: seen all the same, and its interval holds the cut', async () => {
    const before = await shop('cut')
    await using proxy = await apiProxy(plane.access)
    using at = place()
    const kubeconfig = proxy.kubeconfig(join(at.folder, 'proxied'))
    // Nobody empties the endpoints until it goes on.
    await plane.pause('kube-controller-manager')
    const begun = begin(hole(at, 'cut', '3s'), onCluster(at, kubeconfig), at.out)
    try {
      await begun.reached('fault.injected')
      await plane.waitFor('a watch was open and is cut', async () => proxy.dropWatches() > 0)
    } finally {
      await plane.resume('kube-controller-manager')
    }
    const { record, code, stderr } = await endOf(begun)
    expect(code, stderr).not.toBe(5)
    expect(record.faults[0]?.effect).toMatchObject({ proven: true, level: 'data' })
    expect(record.faults[0]?.undo).toMatchObject({ state: 'undone', verified: true })
    await isBack('cut', before)
  })

  test('the server’s clock is an hour ahead: locks and expiry are on its clock', async () => {
    const before = await shop('skewed')
    await using proxy = await apiProxy(plane.access)
    proxy.shift = 3600
    using at = place()
    using other = place()
    const kubeconfig = proxy.kubeconfig(join(at.folder, 'skewed'))
    const begun = begin(hole(at, 'skewed', '40s'), onCluster(at, kubeconfig), at.out)
    await begun.reached('effect')
    const serverNow = Date.now() / 1000 + 3600
    const label = await plane.kubectl(
      '-n',
      'skewed',
      'get',
      'service',
      'cart',
      '-o',
      String.raw`jsonpath={.metadata.labels.firedrill/expires}`,
    )
    expect(Number(label) - serverNow).toBeGreaterThan(20)
    expect(Number(label) - serverNow).toBeLessThan(60)
    const env = onCluster(other, kubeconfig)
    const { stdout } = await run(['status', '--store', 'kubernetes:drill', '--json'], env)
    expect(JSON.parse(stdout)).toMatchObject({ faulted: false, stores: [{ runs: [{ run: runIn(at.out), held: true }] }] })
    const expired = await run(['undo', '--expired', '--store', 'kubernetes:drill', '--json'], env)
    expect(JSON.parse(expired.stdout)).toEqual({ runs: [], exit: 0 })
    process.kill(begun.running.pid, 'SIGINT')
    expect((await endOf(begun)).code).toBe(3)
    await isBack('skewed', before)
  })
})

// Last: what was connected to it takes its time to come back.
describe('the API server is away while the fault is to be undone', () => {
  test('for ten seconds: undone when it is back', async () => {
    const before = await shop('paused')
    using at = place()
    const begun = begin(hole(at, 'paused', '3s'), onCluster(at, plane.kubeconfig), at.out)
    await begun.reached('effect')
    await plane.pause('kube-apiserver')
    await pause(11_000)
    await plane.resume('kube-apiserver')
    const { record, code, stderr } = await endOf(begun)
    expect(code, stderr).not.toBe(5)
    expect(record.faults[0]?.undo).toMatchObject({ state: 'undone', verified: true })
    await isBack('paused', before)
  })

  test('for good: exit 5 and the command; undone when it is back after all', async () => {
    const before = await shop('killed')
    using at = place()
    const env = onCluster(at, plane.kubeconfig)
    const begun = begin(hole(at, 'killed'), env, at.out)
    await begun.reached('effect')
    await plane.kill('kube-apiserver')
    const ended = await endOf(begun)
    await plane.start('kube-apiserver')
    expectLeft(ended, ended.record)
    expect(ended.record.faults[0]?.undo.perTarget[0]?.detail).toContain('does not answer')
    await plane.waitFor('the API server is back', async () => (await plane.api.request('GET', '/readyz')).status === 200, 60)
    await undoneBy(begun, env)
    await isBack('killed', before)
  })
})
