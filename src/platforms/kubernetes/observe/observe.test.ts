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
import { createEye, type Eye, kubernetesEye } from './observe.ts'
import { leastReady, type Watched } from './questions.ts'
import { drillTime } from './server-time.ts'
import { createSilence } from './silence.ts'
import { createStory } from './story.ts'
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

/** A worker that says how it is, and does something to itself when it is shot at. */
const worker = (name: string, shot: string, told = "'quiet'") => {
  const entry = join(folder, `${name}.mjs`)
  writeFileSync(
    entry,
    `import { parentPort } from 'node:worker_threads'
import { existsSync, writeFileSync } from 'node:fs'
const first = !existsSync(${JSON.stringify(join(folder, `${name}.started`))})
writeFileSync(${JSON.stringify(join(folder, `${name}.started`))}, '')
const live = () => parentPort.postMessage({ is: 'alive' })
live()
setInterval(live, 500)
parentPort.on('message', ({ do: what, id, shot }) => {
  if (what === 'shoot') { ${shot} }
  if (what === 'watch') parentPort.postMessage({ is: 'seen', id, seen: { state: ${told}, at: { lo: 0, hi: 0 }, detail: 'told' } })
  if (what === 'open') parentPort.postMessage({ is: 'open', id })
})`,
  )
  return createEye(pathToFileURL(entry))
}

const watching = async (eye: Eye, what: Watched = watched) => {
  const abort = new AbortController()
  const seen: SignalSeen[] = []
  const notes: string[] = []
  const own = { ...context, signal: abort.signal, note: (text: string) => notes.push(text) }
  const over = eye.watch(what, seconds(1), (each) => seen.push(each), own)
  const sight = await eye.open({ kind: 'api', spec: { path: '/readyz' } }, {}, false, own)
  const states = () => seen.map(({ state }) => state)
  const end = async () => {
    await sight.close()
    abort.abort()
    await over
  }
  return { seen, notes, states, sight, end }
}
const patience = { timeout: 15_000, interval: 20 }

test('the death of the worker: nobody knows for a moment, another one watches on; after three of them none does', async () => {
  const { seen, notes, states, sight, end } = await watching(worker('dying', 'process.exit(3)'))
  for (let deaths = 1; deaths <= 3; deaths++) {
    // One finds it dead, or kills it; each is nobody’s.
    const expected = ['quiet', ...Array.from({ length: deaths }, () => ['unknown', 'quiet']).flat()]
    await expect
      .poll(async () => {
        if (notes.length < deaths) expect(await sight.shoot(seconds(5))).toMatchObject({ outcome: 'failed', code: 'local:observer' })
        return states()
      }, patience)
      .toEqual(expected)
  }
  expect(seen[1]?.detail).toContain('ended (3)')
  expect(notes).toEqual([1, 2, 3].map((turn) => expect.stringContaining(`replaced (${turn} of at most 3)`) as string))
  await expect.poll(async () => (await sight.shoot(seconds(5))) && states().at(-1), patience).toBe('unknown')
  expect(await sight.shoot(seconds(5))).toMatchObject({ code: 'local:observer' })
  await new Promise((resolve) => setTimeout(resolve, 100))
  expect(states()).toHaveLength(8)
  expect(new Set(notes.slice(3)).size).toBeLessThanOrEqual(2)
  expect(notes.slice(3).every((text) => text.includes('replaced 3 times and is not again'))).toBe(true)
  await end()
}, 40_000)

test('a worker that hangs is replaced after five seconds of silence, and a signal that changed meanwhile is told as it is', async () => {
  const { seen, notes, states, sight, end } = await watching(worker('hanging', 'for (;;);', "first ? 'quiet' : 'firing'"))
  const began = performance.now()
  expect(await sight.shoot(seconds(1))).toMatchObject({ code: 'local:observer' })
  await expect.poll(states, patience).toEqual(['quiet', 'unknown', 'firing'])
  expect(performance.now() - began).toBeGreaterThan(4_000)
  expect(seen[1]?.detail).toContain('hangs')
  expect(notes).toEqual([expect.stringContaining('replaced (1 of at most 3)')])
  await end()
}, 30_000)

test('silence: five seconds of it, thirty before the first word, and after a pause of our own its time begins anew', () => {
  let at = 0
  const silence = createSilence(() => at)
  const after = (length: number): boolean => {
    let silent = false
    for (const end = at + length; at < end; ) {
      at += 250
      silent = silence.look()
    }
    return silent
  }
  expect(after(29_000)).toBe(false)
  expect(after(2_000)).toBe(true)
  silence.heard()
  expect(after(4_900)).toBe(false)
  expect(after(500)).toBe(true)
  silence.heard()
  at += 60_000
  expect(silence.look()).toBe(false)
  expect(after(4_900)).toBe(false)
  expect(after(500)).toBe(true)
})

test('over a change of workers: what lasts stays; what may have happened in between is not called quiet', () => {
  const said = (kind: Watched['kind'], ...states: readonly (SignalSeen['state'] | 'lost')[]) => {
    const told: SignalSeen['state'][] = []
    const story = createStory(
      kind,
      ({ state }) => told.push(state),
      () => clock.now(),
    )
    const at = { lo: clock.now(), hi: clock.now() }
    for (const state of states) {
      if (state === 'lost') story.lost('gone')
      else story.hear({ state, at, detail: '' })
    }
    return told
  }
  expect(said('endpoints', 'quiet', 'lost', 'lost', 'quiet', 'firing')).toEqual(['quiet', 'unknown', 'quiet', 'firing'])
  expect(said('endpoints', 'firing', 'lost', 'unknown', 'quiet')).toEqual(['firing', 'unknown', 'quiet'])
  expect(said('event', 'quiet', 'firing', 'lost', 'quiet', 'firing')).toEqual(['quiet', 'firing', 'unknown', 'firing'])
  expect(said('restarts', 'quiet', 'lost', 'quiet', 'firing')).toEqual(['quiet', 'unknown', 'firing'])
})
