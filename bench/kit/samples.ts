import { OUTCOMES, type SampleBlock } from '../../src/domain/sample.ts'

const BLOCK = 10_000
/** Microseconds between two samples: a thousand a second. */
export const EVERY = 1_000
const FULL = OUTCOMES.indexOf('full')
const FAILED = OUTCOMES.indexOf('failed')

/** A thousand samples a second; all of them refused from 10.03 s to 14 s, and one in a thousand ever after. */
export function* samples(count: number): Generator<SampleBlock> {
  for (let first = 0; first < count; first += BLOCK) {
    const length = Math.min(BLOCK, count - first)
    const block = {
      length,
      planned: new Float64Array(length),
      start: new Float64Array(length),
      end: new Float64Array(length),
      outcome: new Uint8Array(length),
      code: Array.from({ length }, () => '200'),
    }
    for (let i = 0; i < length; i++) {
      const slot = first + i
      const planned = slot * EVERY
      const down = planned >= 10_030_000 && planned < 14_000_000
      block.planned[i] = planned
      block.start[i] = planned + (slot % 7) * 10
      block.end[i] = planned + 2_000 + (slot % 7) * 10 + ((slot * 7919) % 997)
      block.outcome[i] = down || slot % 1_009 === 0 ? FAILED : FULL
    }
    yield block
  }
}
