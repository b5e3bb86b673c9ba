import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Fault } from '../../../src/contracts/fault.ts'
import type { DrillEvent } from '../../../src/domain/event.ts'
import type { ObjectRef } from '../../../src/platforms/kubernetes/target/target.ts'
import { faults } from '../../contract/fault-suite.ts'
import type { Rig, Scene } from '../../contract/rig.ts'
import { eventsOf, type Place, place, run, until } from '../../kit/cli.ts'
import { type Service, service } from '../../kit/service.ts'
import { endSharedPlane } from '../parts/shared-plane.ts'
import { begin, killBoth, runIn, writeDrill, written } from './kit/drill.ts'

let front: Service
beforeAll(async () => {
  front = await service()
})
afterAll(async () => {
  await endSharedPlane()
  await front?.[Symbol.asyncDispose]()
})

/** What can be left behind: an event has nothing to put back. */
const held: readonly Fault[] = faults.filter(({ platform, kind }) => platform === 'kubernetes' && kind !== 'event')
const here = (path: string): string => join(import.meta.dirname, path)

async function rigOf(name: string): Promise<Rig | undefined> {
  const file = here(`../../contract/rigs/${name}.ts`)
  if (!existsSync(file)) return undefined
  const { rigs } = (await import(file)) as { readonly rigs: readonly Rig[] }
  return rigs[0]
}

/** The rig's first fault as an experiment, on exactly the object that the rig made. */
function experimentOf(fault: Fault, scene: Scene, at: Place): string {
  const { spec, target } = scene.input()
  if (!target) throw new Error(`${fault.name} has no target`)
  const { kind, namespace, name } = target.data as unknown as ObjectRef
  const parameters = written(fault.parameters.node, spec) as object
  const own = kind === 'namespace' ? {} : { ...(namespace !== null && { namespace }) }
  return writeDrill(at, {
    port: front.port,
    system: fault.name.replace('/', '-'),
    targets: { it: { kind, name, system: true, daemonSets: true, ...own } },
    faults: [{ name: 'broken', fault: fault.name, target: 'it', for: '100s', ...parameters }],
  })
}

interface Broken {
  readonly scene: Scene
  readonly before: unknown
  readonly env: Place['env']
  readonly drill: ReturnType<typeof begin>
}

/** A drill that has come to this entry of its journal. */
async function brokenAt(kind: DrillEvent['kind'], fault: Fault, rig: Rig, at: Place, stack: AsyncDisposableStack): Promise<Broken> {
  const scene = stack.use(await rig.build())
  const before = await seen(scene)
  const env = { ...at.env, ...scene.context().env }
  const drill = begin(experimentOf(fault, scene, at), env, at.out)
  await drill.reached(kind)
  return { scene, before, env, drill }
}

/** Who holds a Lease is its electors' business: one that was stolen is given back to whoever takes it. */
async function seen(scene: Scene): Promise<Readonly<Record<string, unknown>>> {
  const objects = Object.entries(((await scene.snapshot?.()) ?? {}) as Readonly<Record<string, object>>)
  return Object.fromEntries(objects.map(([name, object]) => [name, name.startsWith('Lease/') ? { ...object, spec: null } : object]))
}

/** As it was, object by object; what the cluster does about it takes a moment. */
async function isBack({ scene, before }: Broken): Promise<void> {
  await expect.poll(() => seen(scene), { timeout: 30_000, interval: 250 }).toEqual(before)
  expect(await scene.harmed()).toBe(false)
}

const closed = (out: string) => until('the journal is closed', () => eventsOf(out, 'drill.closed').length > 0, 90)

const cases = await Promise.all(held.map(async (fault) => [fault.name, fault, await rigOf(fault.name)] as const))
const withRig = cases.flatMap(([name, fault, rig]) => (rig ? [[name, fault, rig] as const] : []))
/** One that patches, one that creates, one whose prior value stands on the object alone. */
const ONE_OF_EACH = ['kubernetes/service-blackhole', 'kubernetes/network-deny', 'kubernetes/config-flip']

test('there are faults to crash in', () => expect(withRig.length).toBeGreaterThan(10))

describe.each(withRig)('%s', (_name, fault, rig) => {
  // As in the contract suite: what is missing there is said there.
  const crash = test.skipIf(rig.needs?.() !== undefined)
  crash('SIGKILL of firedrill: the watchdog brings the cluster back', async () => {
    await using stack = new AsyncDisposableStack()
    using at = place()
    const broken = await brokenAt('fault.injected', fault, rig, at, stack)
    process.kill(broken.drill.running.pid, 'SIGKILL')
    await closed(at.out)
    expect(eventsOf(at.out, 'drill.closed')[0]).toMatchObject({ verdict: 'aborted', exit: 3 })
    await isBack(broken)
  })

  crash('both killed: undo --run brings the cluster back, and twice is harmless', async () => {
    await using stack = new AsyncDisposableStack()
    using at = place()
    const broken = await brokenAt('fault.injected', fault, rig, at, stack)
    await killBoth(broken.drill.running)
    const undone = await run(['undo', '--run', runIn(at.out), '--json'], broken.env)
    expect(undone.code, undone.stdout + undone.stderr).toBe(0)
    await isBack(broken)
    expect((await run(['undo', '--run', runIn(at.out), '--json'], broken.env)).code).toBe(0)
  })
})

const MOMENTS: readonly DrillEvent['kind'][] = ['drill.opened', 'gate', 'fault.intent', 'undo.began', 'undo.ended']

describe.each(withRig.filter(([name]) => ONE_OF_EACH.includes(name)))('%s at every moment', (_name, fault, rig) => {
  test.each(MOMENTS)('SIGKILL right after %s', async (kind) => {
    await using stack = new AsyncDisposableStack()
    using at = place()
    const undoing = kind === 'undo.began' || kind === 'undo.ended'
    const broken = await brokenAt(undoing ? 'fault.injected' : kind, fault, rig, at, stack)
    const { running, reached } = broken.drill
    if (undoing) {
      process.kill(running.pid, 'SIGINT')
      await reached(kind)
    }
    process.kill(running.pid, 'SIGKILL')
    await closed(at.out)
    await isBack(broken)
  })
})
