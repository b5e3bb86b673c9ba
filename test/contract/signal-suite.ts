import { describe, expect, test } from 'vitest'
import { systemClock } from '../../src/contracts/clock.ts'
import type { Context } from '../../src/contracts/context.ts'
import type { Signal, SignalSeen } from '../../src/contracts/signal.ts'
import type { Json } from '../../src/domain/json.ts'
import { seconds } from '../../src/domain/time.ts'
import * as registered from '../../src/registry/signals.ts'
import { fieldsOf } from './fields.ts'

/** Kinds whose rigs need more than Node. */
const NEEDS_REAL_PARTS = ['kubernetes']

/** Seen through the contract alone, as the observer sees them. */
const all: Readonly<Record<string, Signal>> = registered
export const signals: readonly Signal[] = Object.values(all).filter(({ name }) => !NEEDS_REAL_PARTS.includes(name))
export const realSignals: readonly Signal[] = Object.values(all).filter(({ name }) => NEEDS_REAL_PARTS.includes(name))

/** A real detector for every kind of signal: it is quiet, can be made to fire, and to be quiet again. */
export interface SignalRig {
  readonly spec: Json
  readonly env?: Context['env']
  /** Within how many seconds of the change it must be seen. */
  readonly within: number
  /** Resolves when it is so, as somebody else saw it. */
  readonly flip: (firing: boolean) => Promise<void>
  /** Between a flip and the next, seconds; default none. */
  readonly rest?: number
}

export const EVERY = 0.05

/** What a signal says until it is stopped. */
export function watching(signal: Signal, spec: Json, env: Context['env'] = {}) {
  const abort = new AbortController()
  const seen: SignalSeen[] = []
  const clock = systemClock(process.hrtime.bigint())
  const context: Context = { clock, signal: abort.signal, run: 'r', lease: { file: '', epoch: 1 }, env, folder: '.', note: () => {} }
  const over = signal.watch(spec, seconds(EVERY), (what) => seen.push(what), context)
  return { seen, over, clock, stop: () => abort.abort() }
}

export const holdSignal = (signal: Signal, rig: () => Promise<SignalRig>): void => {
  describe(signal.name, () => {
    test('has its name, a summary, and a sentence for every field', () => {
      expect(all[signal.name]).toBe(signal)
      expect(signal.summary).not.toBe('')
      expect(['object', 'keyed']).toContain(signal.parameters.node.type)
      for (const [name, field] of fieldsOf(signal.parameters)) expect(field.node.doc, name).toBeTruthy()
    })

    test('reports its first state soon, then each change once, at a time that holds the truth, and ends when told', async () => {
      const { spec, env, within, flip, rest = 0 } = await rig()
      const { seen, over, clock, stop } = watching(signal, spec, env)
      await expect.poll(() => seen.map((one) => one.state), { interval: 10, timeout: 5_000 }).toEqual(['quiet'])
      for (const firing of [true, false, true]) {
        await clock.sleep(seconds(Math.max(rest, EVERY * 1.7)))
        const count = seen.length
        const before = clock.now()
        await flip(firing)
        const after = clock.now()
        await expect.poll(() => seen.length, { interval: 5, timeout: 10_000 }).toBe(count + 1)
        const last = seen.at(-1)
        expect(last?.state).toBe(firing ? 'firing' : 'quiet')
        expect(last?.at.lo).toBeLessThanOrEqual(after)
        expect(last?.at.hi).toBeGreaterThanOrEqual(before)
        expect((last?.at.hi ?? 0) - before).toBeLessThan(within)
      }
      const { length } = seen
      await flip(true)
      await clock.sleep(seconds(EVERY * 2))
      expect(seen).toHaveLength(length)
      stop()
      await expect(over).resolves.toBeUndefined()
    })
  })
}
