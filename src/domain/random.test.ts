import fc from 'fast-check'
import { expect, test } from 'vitest'
import { pick, seeded } from './random.ts'

test('the same seed gives the same numbers, all of them in [0, 1)', () => {
  fc.assert(
    fc.property(fc.integer(), (seed) => {
      const [a, b] = [seeded(seed), seeded(seed)]
      for (let i = 0; i < 100; i++) {
        const value = a()
        expect(value).toBe(b())
        expect(value >= 0 && value < 1).toBe(true)
      }
    }),
  )
})

test('a pick keeps the order, repeats nothing and has the size that was asked for', () => {
  fc.assert(
    fc.property(fc.uniqueArray(fc.integer(), { maxLength: 20 }), fc.nat(25), fc.integer(), (items, count, seed) => {
      const chosen = pick(items, count, seeded(seed))
      expect(chosen.length).toBe(Math.min(count, items.length))
      expect(items.filter((item) => chosen.includes(item))).toEqual(chosen)
    }),
  )
})

test('every item is picked about as often as any other', () => {
  const counts = new Map<string, number>()
  for (let seed = 0; seed < 3_000; seed++)
    for (const item of pick(['a', 'b', 'c'], 1, seeded(seed))) counts.set(item, (counts.get(item) ?? 0) + 1)
  for (const item of ['a', 'b', 'c']) expect(counts.get(item)).toBeGreaterThan(850)
})
