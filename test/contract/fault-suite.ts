import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { describe, expect, test } from 'vitest'
import type { Context } from '../../src/contracts/context.ts'
import type { EffectSeen, Fault } from '../../src/contracts/fault.ts'
import type { UndoOutcome } from '../../src/domain/undo.ts'
import * as registered from '../../src/registry/faults.ts'
import { type Rig, type Scene, SECRET } from './rig.ts'

/** Seen through the contract alone, as the engine sees them. */
const byName = (all: Readonly<Record<string, Fault>>): ReadonlyMap<string, Fault> =>
  new Map(Object.values(all).map((fault) => [fault.name, fault]))
export const faults: readonly Fault[] = [...byName(registered).values()]
/** Platforms whose rigs need more than Node. */
export const NEEDS_REAL_PARTS = ['kubernetes']
const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url))

/** Undo as the watchdog does it: another process, the record as JSON, nothing else. */
async function undoElsewhere(fault: Fault, record: string, { run, lease, env, folder }: Context): Promise<UndoOutcome> {
  const args = [here('./undo-main.ts'), fault.name, record, JSON.stringify({ run, lease, env, folder })]
  return JSON.parse((await promisify(execFile)(process.execPath, args)).stdout)
}

async function rigsOf(name: string): Promise<readonly Rig[]> {
  const file = `./rigs/${name}.ts`
  if (!existsSync(here(file))) throw new Error(`fault ${name} has no rig: write test/contract/rigs/${name}.ts`)
  return (await import(file)).rigs
}

const timed = async <T>(work: Promise<T>): Promise<{ readonly took: number; readonly outcome: PromiseSettledResult<T> }> => {
  const began = performance.now()
  const [outcome] = await Promise.allSettled([work])
  return { took: performance.now() - began, outcome }
}

const kindIn = (fault: Fault, scene: Scene): string => fault.kindOf?.(scene.input().spec as never) ?? fault.kind

/** A fault that only a client can see says so and proves nothing by itself; one that is a state may read it back; all others show in the data plane. */
function expectProven(seen: EffectSeen, { needsProbe, effectIsState }: Fault): void {
  if (needsProbe) return expect(seen).toMatchObject({ proven: false, at: null })
  expect(seen).toMatchObject({ proven: true, ...(!effectIsState && { level: 'data' }) })
}

function expectWithin({ at }: EffectSeen, began: number, now: number): void {
  expect(at?.lo).toBeGreaterThanOrEqual(began - 0.001)
  expect(at?.hi).toBeGreaterThanOrEqual(at?.lo ?? Number.NaN)
  expect(at?.hi).toBeLessThanOrEqual(now)
}

/** What every fault is held to, whatever platform it is on, with something real to break. */
export async function holdToContract(faults: readonly Fault[]): Promise<void> {
  const cases = (
    await Promise.all(
      faults.map(async (fault) => (await rigsOf(fault.name)).map((rig) => [`${fault.name}: ${rig.what}`, fault, rig] as const)),
    )
  ).flat()

  const lacking = new Set(cases.flatMap(([, , rig]) => rig.needs?.() ?? []))
  for (const what of lacking) process.stderr.write(`SKIPPED: contract cases, for ${what}\n`)

  describe.each(cases)('%s', (_, fault, rig) => {
    const held = test.skipIf(rig.needs?.() !== undefined)
    const whole = rig.brief === true ? undefined : held
    whole?.('plan, early undo, aborted injection change nothing; no effect is proven without one', async () => {
      await using scene = await rig.build()
      const input = scene.input() as never
      const mutation = await fault.plan(input, scene.context())
      expect(await scene.harmed()).toBe(false)
      expect(mutation.call.length).toBeGreaterThan(0)
      const text = JSON.stringify(mutation)
      expect(JSON.parse(text)).toEqual(mutation)
      expect(text).not.toContain(SECRET)
      expect((await fault.plan(input, scene.context())).prior).toEqual(mutation.prior)
      expect(mutation.undo === null).toBe(kindIn(fault, scene) === 'event')
      if (mutation.undo !== null) {
        expect(mutation.command.length).toBeGreaterThan(0)
        expect(await fault.undo(mutation.undo, scene.context())).toMatchObject({ state: 'not-injected' })
        expect(await scene.harmed()).toBe(false)
      }
      const unseen = await timed(fault.effect(input, mutation, scene.context({ signal: AbortSignal.timeout(200) })))
      expect(unseen.outcome).toMatchObject({ status: 'fulfilled', value: { proven: false, at: null } })
      expect(unseen.took).toBeLessThan(1200)
      const late = await timed(fault.inject(input, mutation, scene.context({ signal: AbortSignal.abort(new Error('enough')) })))
      expect(late.outcome.status).toBe('rejected')
      expect(late.took).toBeLessThan(1000)
      expect(await scene.harmed()).toBe(false)
    })

    held('bites, is proven, and is undone by another process from the record alone; again is harmless', async () => {
      await using scene = await rig.build()
      const input = scene.input() as never
      const context = scene.context()
      const mutation = await fault.plan(input, context)
      const began = context.clock.now()
      const watching = fault.effect(input, mutation, { ...context, signal: AbortSignal.timeout(5000) })
      await fault.inject(input, mutation, context)
      const seen = await watching
      expectProven(seen, fault)
      if (seen.proven) expectWithin(seen, began, context.clock.now())
      expect(await scene.harmed()).toBe(true)
      if (mutation.undo === null) return
      expect(await undoElsewhere(fault, JSON.stringify(mutation.undo), context)).toMatchObject({ state: 'undone', verified: true })
      expect(await scene.harmed()).toBe(false)
      const again = await fault.undo(mutation.undo, context)
      expect(['undone', 'expired', 'not-injected', 'not-needed']).toContain(again.state)
      expect(await scene.harmed()).toBe(false)
    })
  })
}
