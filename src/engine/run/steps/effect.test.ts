import { expect, test } from 'vitest'
import type { Fault } from '../../../contracts/fault.ts'
import { ratio, seconds } from '../../../domain/time.ts'
import { effectWithin } from './effect.ts'

const quick = {} as Fault
const slow = { bitesWithin: (spec) => seconds((spec as { readonly wait: number }).wait + 5) } as Fault

test('how long a fault may take to bite: as the experiment says, else as the fault says of these parameters, else thirty seconds of its words, and ten without any', () => {
  const spec = { wait: 60 }
  const effect = { becomes: 'bad', share: ratio(1) } as const
  expect(effectWithin(slow, { spec, effect: { ...effect, within: seconds(3) } })).toBe(3)
  expect(effectWithin(slow, { spec })).toBe(65)
  expect(effectWithin(slow, { spec, effect })).toBe(65)
  expect(effectWithin(quick, { spec, effect })).toBe(30)
  expect(effectWithin(quick, { spec })).toBe(10)
})
