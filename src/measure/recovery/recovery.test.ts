import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { blockOf, type Sample } from '../../domain/sample.ts'
import { createRecoveryWatch } from './recovery.ts'

const RULE = { good: 1, hold: 2, every: 0.1, timeout: 0.3 }

/** One character a slot of 100 ms: `.` good in 10 ms, `x` refused in 1 ms, `h` hangs until 300 ms, `m` missed, ` ` never recorded. */
function samplesOf(strip: string): Sample[] {
  const row = (mark: string, slot: number): Sample[] => {
    const planned = slot * 100_000
    const took = { '.': 10_000, x: 1_000, h: 300_000, m: 100_000 }[mark]
    if (took === undefined) return []
    if (mark === 'm') return [{ planned, start: planned + took, end: planned + took, outcome: 'missed', code: '' }]
    return [{ planned, start: planned, end: planned + took, outcome: mark === '.' ? 'full' : 'failed', code: '' }]
  }
  return strip
    .split('')
    .flatMap(row)
    .toSorted((a, b) => a.end - b.end)
}

function watched(strip: string, options: Partial<Parameters<typeof createRecoveryWatch>[0]> = {}) {
  const watch = createRecoveryWatch({ ...RULE, ...options })
  for (const sample of samplesOf(strip)) watch.feed(blockOf([sample]))
  watch.finish()
  return watch.state()
}

describe('recovery', () => {
  it('is dated back to the first good sample of the run that holds', () => {
    const { recovered, downSince, relapses } = watched(`${'.'.repeat(30)}xxxxx${'.'.repeat(30)}`)
    expect(downSince).toBe(3)
    expect(recovered).toEqual({ lo: 3.4, hi: 3.51 })
    expect(relapses).toBe(0)
  })

  it('does not hold before the hold window is full of samples', () => {
    expect(watched(`${'.'.repeat(30)}xxx${'.'.repeat(19)}`).recovered).toBeNull()
    expect(watched(`${'.'.repeat(30)}xxx${'.'.repeat(10)}`).held).toBe(false)
  })

  it('leaves open what the edges of a run leave open: whether it lasted', () => {
    expect(watched(`${'.'.repeat(30)}xxx${'.'.repeat(20)}`).recovered).toEqual({ lo: 3.2, hi: null })
    expect(watched(`xx${'.'.repeat(19)}x${'.'.repeat(40)}`).recovered).toEqual({ lo: 0.1, hi: 2.21 })
  })

  it('sees the end of a hang as narrowly as the end of a refusal, though the answers that never came are given up much later', () => {
    const { recovered } = watched(`${'.'.repeat(30)}hhhhh${'.'.repeat(30)}`)
    expect(recovered).toEqual({ lo: 3.4, hi: 3.51 })
  })

  it('counts relapses and keeps the first recovery beside the stable one', () => {
    const state = watched(`${'.'.repeat(30)}xx...xx.....x${'.'.repeat(30)}`)
    expect(state.relapses).toBe(2)
    expect(state.first).toEqual({ lo: 3.1, hi: 3.21 })
    expect(state.recovered).toEqual({ lo: 4.2, hi: 4.31 })
  })

  it('takes a missed slot as good for the earliest and as bad for the latest recovery', () => {
    const { recovered } = watched(`${'.'.repeat(30)}xx...m${'.'.repeat(30)}`)
    expect(recovered?.lo).toBe(3.1)
    expect(recovered?.hi).toBeCloseTo(3.61)
  })

  it('claims no answer and no relapse where nothing good was seen', () => {
    const state = watched(`${'.'.repeat(30)}xx..xxmmxxmxx`)
    expect(state.relapses).toBe(1)
    const never = watched(`${'.'.repeat(30)}xxxxmmxxmxx`)
    expect(never).toMatchObject({ relapses: 0, fellAgain: 0, first: { lo: 3.3, hi: null } })
    expect(watched(`${'.'.repeat(30)}xxxxmmxx.xx`).first).toEqual({ lo: 3.3, hi: 3.81 })
  })

  it('does not hold over slots that were never recorded', () => {
    const { recovered, held, unknown } = watched(`${'.'.repeat(30)}xx.....${' '.repeat(40)}.....`)
    expect(recovered).toEqual({ lo: 3.1, hi: null })
    expect(held).toBe(false)
    expect(unknown).toBe(40)
  })

  it('counts samples as unknown while the observer itself was in trouble', () => {
    const trouble = (start: number, end: number) => end >= 3_000_000 && start <= 3_500_000
    const { recovered, downSince, steadySince } = watched(`${'.'.repeat(30)}xxxxx${'.'.repeat(30)}`, { trouble })
    expect(downSince).toBeNull()
    expect(recovered).toBeNull()
    expect(steadySince).toBeCloseTo(3.61)
  })

  it('tolerates what the level permits, and no more', () => {
    const strip = `xx${'.'.repeat(15)}x${'.'.repeat(40)}`
    expect(watched(strip, { good: 0.93 }).recovered).toEqual({ lo: 0.1, hi: 0.21 })
    expect(watched(strip, { good: 0.94 }).recovered).toEqual({ lo: 1.7, hi: 1.81 })
  })

  it('an old good hour does not hide a bad minute', () => {
    expect(watched(`${'.'.repeat(400)}xxxxxxxx`, { good: 0.9 }).held).toBe(false)
  })

  it('says nothing without samples', () => {
    expect(watched('')).toMatchObject({ held: false, downSince: null, recovered: null, steadySince: null, seenUntil: null })
  })

  it('is the same however the samples are cut into blocks', () => {
    const mark = fc.constantFrom('.', '.', '.', 'x', 'h', 'm', ' ')
    fc.assert(
      fc.property(fc.array(mark, { maxLength: 200 }), fc.integer({ min: 1, max: 50 }), (marks, size) => {
        const samples = samplesOf(marks.join(''))
        const watch = createRecoveryWatch(RULE)
        for (let i = 0; i < samples.length; i += size) watch.feed(blockOf(samples.slice(i, i + size)))
        watch.finish()
        expect(watch.state()).toEqual(watched(marks.join('')))
      }),
    )
  })

  it('never gets better by knowing less', () => {
    const mark = fc.constantFrom('.', '.', '.', '.', 'x')
    fc.assert(
      fc.property(fc.array(mark, { minLength: 30, maxLength: 120 }), fc.array(fc.nat(119), { maxLength: 10 }), (marks, holes) => {
        const known = watched(marks.join(''), { hold: 1 })
        const lessKnown = marks.map((kind, slot) => (holes.includes(slot) ? 'm' : kind))
        const blurred = watched(lessKnown.join(''), { hold: 1 })
        if (blurred.recovered?.hi != null) {
          expect(known.recovered).not.toBeNull()
          expect(blurred.recovered.lo).toBeLessThanOrEqual(known.recovered?.lo ?? 0)
          expect(blurred.recovered.hi).toBeGreaterThanOrEqual(known.recovered?.hi ?? Number.POSITIVE_INFINITY)
        }
        if (blurred.first !== null) {
          expect(blurred.first.lo).toBeLessThanOrEqual(known.first?.lo ?? Number.POSITIVE_INFINITY)
          expect(blurred.first.hi ?? Number.POSITIVE_INFINITY).toBeGreaterThanOrEqual(known.first?.hi ?? 0)
        }
        expect(blurred.relapses + blurred.fellAgain).toBeLessThanOrEqual(known.relapses + known.fellAgain)
        if (blurred.held && !known.held) throw new Error('held only because less was known')
      }),
    )
  })
})
