import { describe, expect, test } from 'vitest'
import type { Context } from '../../src/contracts/context.ts'
import type { Probe, ProbeSession } from '../../src/contracts/probe.ts'
import type { Json } from '../../src/domain/json.ts'
import { served } from '../../src/domain/sample.ts'
import { seconds } from '../../src/domain/time.ts'
import * as registered from '../../src/registry/probes.ts'
import { fieldsOf } from './fields.ts'

/** Kinds whose rigs need more than Node. */
const NEEDS_REAL_PARTS = ['kubernetes']

/** Seen through the contract alone, as the observer sees them. */
const all: Readonly<Record<string, Probe>> = registered
export const probes: readonly Probe[] = Object.values(all).filter(({ name }) => !NEEDS_REAL_PARTS.includes(name))
export const realProbes: readonly Probe[] = Object.values(all).filter(({ name }) => NEEDS_REAL_PARTS.includes(name))

interface Case {
  readonly spec: Json
  readonly expect: Json
}

/** What every kind of probe is held to: one that is well, one that is down at once, one that never answers, one that answers wrong. */
export interface ProbeRig {
  readonly well: Case
  readonly down: Case
  readonly hanging: Case
  readonly wrong: Case
}

/** `rig` is asked for when the tests run. */
export const holdProbe = (probe: Probe, context: Context, rig: () => ProbeRig): void => {
  describe(probe.name, () => {
    const open = async ({ spec, expect: wanted }: Case): Promise<ProbeSession> => probe.open(spec, wanted, context)
    const shot = async (what: Case, timeout = 3) => {
      const session = await open(what)
      const before = context.clock.now()
      const one = await session.shoot(seconds(timeout))
      expect(one.start).toBeGreaterThanOrEqual(before)
      expect(one.end).toBeGreaterThan(one.start)
      expect(one.end).toBeLessThanOrEqual(context.clock.now())
      await session.close()
      return one
    }

    test('has its name, a summary, and a sentence for every field', () => {
      expect(all[probe.name]).toBe(probe)
      expect(probe.summary).not.toBe('')
      for (const shape of [probe.parameters, probe.expect]) {
        expect(['object', 'keyed']).toContain(shape.node.type)
        for (const [name, field] of fieldsOf(shape)) expect(field.node.doc, name).toBeTruthy()
      }
    })

    test('tells its latency bound', () => {
      expect(probe.latencyBound({ latency: { max: 0.3 } })).toBe(0.3)
      expect(probe.latencyBound({})).toBeUndefined()
    })

    test('what is well is served', async () => {
      const one = await shot(rig().well)
      expect(served(one.outcome), one.code).toBe(true)
    })

    test('what is down fails at once, and says why', async () => {
      const one = await shot(rig().down)
      expect(one.outcome).toBe('failed')
      expect(one.code).not.toBe('timeout')
      expect(one.end - one.start).toBeLessThan(1)
    })

    test('what never answers fails at its timeout', async () => {
      const one = await shot(rig().hanging, 0.25)
      expect(one).toMatchObject({ outcome: 'failed', code: 'timeout' })
      expect(one.end - one.start).toBeGreaterThan(0.24)
      expect(one.end - one.start).toBeLessThan(1)
    })

    test('an answer in time that is not right is wrong', async () => {
      expect((await shot(rig().wrong, 0.5)).outcome).toBe('wrong')
    })

    test('a right answer that is late is failed', async () => {
      const { spec, expect: wanted } = rig().well
      const one = await shot({ spec, expect: { ...(wanted as object), latency: { max: 0.000_000_1 } } })
      expect(one).toMatchObject({ outcome: 'failed', code: 'latency' })
    })

    test('shots overlap: one that hangs holds up no other', async () => {
      const session = await open(rig().hanging)
      const before = performance.now()
      const all = await Promise.all(Array.from({ length: 8 }, () => session.shoot(seconds(0.3))))
      expect(performance.now() - before).toBeLessThan(1_500)
      expect(all.every((one) => one.code === 'timeout')).toBe(true)
      await session.close()
    })
  })
}
