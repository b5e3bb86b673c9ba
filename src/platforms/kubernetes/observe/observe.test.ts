import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, expect, test } from 'vitest'
import { systemClock } from '../../../contracts/clock.ts'
import type { Context } from '../../../contracts/context.ts'
import type { SignalSeen } from '../../../contracts/signal.ts'
import { seconds } from '../../../domain/time.ts'
import type { K8sObject } from '../api/objects.ts'
import { createCertain } from './certain.ts'
import { eventJudge, restartsJudge } from './judge/happened.ts'
import { hpaJudge } from './judge/hpa.ts'
import type { Judge } from './judge/judge.ts'
import { createEye, kubernetesEye } from './observe.ts'
import { leastReady, type Watched } from './questions.ts'
import { drillTime } from './server-time.ts'
import { createTeller } from './tell.ts'

const folder = mkdtempSync(join(tmpdir(), 'observe-'))
afterAll(() => rmSync(folder, { recursive: true }))

const clock = systemClock(process.hrtime.bigint())
const context: Context = {
  clock,
  signal: new AbortController().signal,
  run: 'r',
  lease: { file: '', epoch: 1 },
  env: { KUBECONFIG: join(folder, 'none') },
  folder,
  note: () => undefined,
}
const object = (uid: string, version: string, more: object = {}): K8sObject => ({
  metadata: { name: uid, uid, resourceVersion: version },
  ...more,
})

test('what was asked before a change with a later version bounds its age from below', () => {
  const certain = createCertain(0)
  certain.listed(1)
  expect(certain.changed(object('a', '10'))).toBe(1)
  certain.pulsed(2, '11', false)
  certain.pulsed(3, '20', false)
  expect(certain.changed(object('a', '15'))).toBe(2)
  expect(certain.changed(object('a', '21'))).toBe(3)
  certain.pulsed(4, '30', true)
  expect(certain.last()).toBe(4)
  // A version that came while the stream was about to break proves nothing: what it did not deliver is not known.
  certain.pulsed(5, '31', false)
  certain.broke()
  expect(certain.changed(object('a', '40'))).toBe(4)
  // Versions that are no numbers cannot be compared.
  certain.pulsed(6, 'x', false)
  expect(certain.changed(object('a', 'y'))).toBe(4)
})

test('a server time is as wide as it is cut, and as our knowledge of its clock', () => {
  const at = (wall: number): number => wall - clock.wall() + clock.now()
  const now = Math.floor(clock.wall())
  const text = new Date(now * 1000).toISOString().slice(0, 19)
  const whole = drillTime(`${text}Z`, { lo: 0, hi: 0 }, clock)
  expect(whole?.lo).toBeCloseTo(at(now), 2)
  expect(whole?.hi).toBeCloseTo(at(now + 1), 2)
  const micro = drillTime(`${text}.250000Z`, { lo: -0.1, hi: 0.3 }, clock)
  expect(micro?.lo).toBeCloseTo(at(now + 0.25 - 0.3), 2)
  expect(micro?.hi).toBeCloseTo(at(now + 0.25 + 0.1), 2)
  expect(drillTime(undefined, { lo: 0, hi: 0 }, clock)).toBeUndefined()
  expect(drillTime('never', { lo: 0, hi: 0 }, clock)).toBeUndefined()
})

test('only changes are told; unknown and back is told without a claim about when', () => {
  const seen: SignalSeen[] = []
  const teller = createTeller((what) => seen.push(what))
  const quiet = { state: 'quiet', detail: '' } as const
  teller.judged(quiet, 1, 1, 1.1)
  teller.judged(quiet, 2, 2, 2.1)
  teller.lost('gone', 3, 3.2)
  teller.lost('gone still', 4, 4.2)
  teller.judged(quiet, 3, 5, 5.1)
  teller.judged({ state: 'firing', detail: '', stamp: { lo: 5.5, hi: 6.5 } }, 6, 6, 6.3)
  // A time from long before it was otherwise is not of this change.
  teller.judged({ ...quiet, stamp: { lo: -100, hi: -99 } }, 7, 7, 7.3)
  expect(seen.map(({ state, at: { lo, hi } }) => [state, lo, hi])).toEqual([
    ['quiet', 1, 1.1],
    ['unknown', 3, 3.2],
    ['quiet', 5, 5.1],
    ['firing', 5.5, 6.3],
    ['quiet', 7, 7.3],
  ])
})

const judging = (judge: Judge) => {
  const objects = new Map<string, K8sObject>()
  let first = true
  return (...changed: readonly K8sObject[]) => {
    for (const each of changed) objects.set(each.metadata.uid, each)
    const { state } = judge.judge({ objects, changed, first, offset: { lo: 0, hi: 0 }, clock })
    first = false
    return state
  }
}

test('an event counts when it is new, or happens again; restarts count from what there was', () => {
  const event = judging(eventJudge({ kind: 'event', spec: { reason: 'X' } }))
  expect([
    event(object('old', '1', { count: 3 })),
    event(object('old', '2', { count: 3 })),
    event(object('old', '3', { count: 4 })),
  ]).toEqual(['quiet', 'quiet', 'firing'])
  expect(event()).toBe('firing')
  const pod = (uid: string, restartCount: number) => object(uid, '1', { status: { containerStatuses: [{ name: 'app', restartCount }] } })
  const restarts = judging(restartsJudge({ kind: 'restarts', spec: { selector: 'a=b', more: 2 }, namespace: 'n' }))
  const said = [restarts(pod('a', 7)), restarts(pod('a', 8)), restarts(pod('b', 1)), restarts(pod('b', 1)), restarts(pod('b', 2))]
  expect(said).toEqual(['quiet', 'quiet', 'quiet', 'quiet', 'firing'])
})

test.each([
  ['limited', { conditions: [{ type: 'ScalingLimited', status: 'True' }] }, 'firing'],
  ['limited', { conditions: [{ type: 'ScalingLimited', status: 'False' }] }, 'quiet'],
  ['limited', {}, 'unknown'],
  [
    'unable',
    {
      conditions: [
        { type: 'AbleToScale', status: 'True' },
        { type: 'ScalingActive', status: 'False' },
      ],
    },
    'firing',
  ],
  [
    'unable',
    {
      conditions: [
        { type: 'AbleToScale', status: 'True' },
        { type: 'ScalingActive', status: 'True' },
      ],
    },
    'quiet',
  ],
  ['scaling', { currentReplicas: 2, desiredReplicas: 5 }, 'firing'],
  ['scaling', { currentReplicas: 2, desiredReplicas: 2 }, 'quiet'],
] as const)('an autoscaler: %s by %j is %s', (is, status, state) => {
  expect(judging(hpaJudge({ kind: 'hpa', spec: { name: 'a', is }, namespace: 'n' }))(object('a', '1', { status }))).toBe(state)
})

test('a share of the pods is rounded up', () => {
  expect(['2', '80%', '100%', '29%', '1%'].map((text) => leastReady(text, 100))).toEqual([2, 80, 100, 29, 1])
  expect(leastReady('80%', 4)).toBe(4)
})

const watched: Watched = { kind: 'endpoints', spec: { service: 's', ready: { min: 1 } }, namespace: 'n' }

test('no kubeconfig is refused, from the worker', async () => {
  await expect(kubernetesEye.watch(watched, seconds(1), () => undefined, context)).rejects.toMatchObject({ exit: 4 })
  const asked = { kind: 'api', spec: { path: '/readyz' }, context: 'x' } as const
  await expect(kubernetesEye.open(asked, {}, false, context)).rejects.toMatchObject({ exit: 4 })
})

/** A worker that answers, and dies of the second thing that it is asked. */
const DYING = `import { parentPort } from 'node:worker_threads'
parentPort.on('message', ({ do: what, id }) => {
  if (what === 'shoot') process.exit(3)
  if (what === 'watch') parentPort.postMessage({ is: 'seen', id, seen: { state: 'quiet', at: { lo: 0, hi: 0 }, detail: '' } })
  else parentPort.postMessage({ is: 'open', id })
})`

test('the death of the worker: nobody knows any more, the shot is nobody’s, and the next ones are answered by another worker', async () => {
  const entry = join(folder, 'dying.mjs')
  writeFileSync(entry, DYING)
  const eye = createEye(pathToFileURL(entry))
  const abort = new AbortController()
  const seen: SignalSeen[] = []
  const over = eye.watch(watched, seconds(1), (what) => seen.push(what), { ...context, signal: abort.signal })
  const sight = await eye.open({ kind: 'api', spec: { path: '/readyz' } }, {}, false, context)
  expect(await sight.shoot(seconds(5))).toMatchObject({ outcome: 'failed', code: 'local:observer' })
  expect(seen.map(({ state }) => state)).toEqual(['quiet', 'unknown'])
  expect(seen[1]?.detail).toContain('ended (3)')
  expect(await sight.shoot(seconds(5))).toMatchObject({ code: 'local:observer' })
  await sight.close()
  abort.abort()
  await over
})
