import { describe, expect, test } from 'vitest'
import type { Experiment } from '../../domain/experiment.ts'
import type { Target } from '../../domain/target.ts'
import { ratio } from '../../domain/time.ts'
import { blastOf, collisions, overLimits, type Touched } from './limits.ts'

const target = (id: string): Target => ({ platform: 'process', id, label: `process ${id}`, data: {} })
const touch = (fault: string, id: string): Touched => ({ fault, target: target(id), composes: false })
const limits = (targets: number, max?: number): Experiment =>
  ({ limits: { targets, ...(max !== undefined && { percent: { of: 'all', max: ratio(max) } }) } }) as Experiment

describe('blast radius', () => {
  test('one object is counted once, however many faults touch it', () => {
    expect(blastOf(limits(9), [touch('a', '1'), touch('b', '1'), touch('b', '2')], undefined).targets).toBe(2)
  })

  test('a fault that brings its own target counts as one', () => {
    expect(blastOf(limits(9), [{ fault: 'a', target: null, composes: false }], undefined).targets).toBe(1)
  })

  test('the share is of the stated population, and only what lies in it counts', () => {
    const population = { chosen: ['1', '2', '3', '4'].map(target), matched: 4 }
    expect(blastOf(limits(9, 0.5), [touch('a', '1'), touch('a', 'elsewhere')], population)).toEqual({ targets: 2, of: 4, share: 0.25 })
  })
})

describe('limits', () => {
  test.each([
    [3, undefined, { targets: 3, of: null, share: null }, []],
    [2, undefined, { targets: 3, of: null, share: null }, ['TOO_MANY_TARGETS']],
    [9, 0.34, { targets: 1, of: 3, share: 1 / 3 }, []],
    [9, 0.33, { targets: 1, of: 3, share: 1 / 3 }, ['TOO_LARGE_A_SHARE']],
  ])('at most %s targets, %s of them: %o', (targets, max, blast, codes) => {
    expect(overLimits(limits(targets, max), blast).map(({ code }) => code)).toEqual(codes)
  })
})

describe('collisions', () => {
  test('two faults on one object are found', () => {
    expect(collisions([touch('a', '1'), touch('b', '2'), touch('c', '1')]).map(({ code }) => code)).toEqual(['TWO_FAULTS_ONE_TARGET'])
  })
  test('faults that compose may share one, but only with their like', () => {
    const rule = (fault: string): Touched => ({ ...touch(fault, '1'), composes: true })
    expect(collisions([rule('a'), rule('b')])).toEqual([])
    expect(collisions([rule('a'), touch('b', '1')])).toHaveLength(1)
  })
  test('one fault that names an object twice is none', () => expect(collisions([touch('a', '1'), touch('a', '1')])).toEqual([]))
})
