import { describe, expect, test } from 'vitest'
import type { Experiment, FaultDecl } from '../../domain/experiment.ts'
import { ratio, seconds } from '../../domain/time.ts'
import { infeasible, resolutionOf } from './feasible.ts'

interface Case {
  readonly every: number
  readonly timeout: number
  readonly within: number
  readonly hold?: number
  readonly good?: number
  readonly for?: number
}

const experiment = (of: Case): Experiment =>
  ({
    probes: { front: { name: 'front', every: seconds(of.every), timeout: seconds(of.timeout) } },
    faults: [{ name: 'f', when: { at: seconds(0) }, ...(of.for !== undefined && { for: seconds(of.for) }) } as FaultDecl],
    objectives: { rto: { within: seconds(of.within), hold: seconds(of.hold ?? 30), to: { probe: 'front', good: ratio(of.good ?? 0.99) } } },
  }) as unknown as Experiment

const codes = (of: Case) => {
  const { refusals, warnings } = infeasible(experiment(of))
  return { refusals: refusals.map(({ code }) => code), warnings: warnings.map(({ code }) => code) }
}

describe('objectives that cannot be judged are named before anything is broken', () => {
  test.each<[string, Case, ReturnType<typeof codes>]>([
    ['fine', { every: 0.1, timeout: 0.3, within: 30 }, { refusals: [], warnings: [] }],
    ['too coarse to ever hold', { every: 5, timeout: 5, within: 8, hold: 3000 }, { refusals: ['RESOLUTION_INSUFFICIENT'], warnings: [] }],
    ['coarser than a tenth', { every: 1, timeout: 1, within: 15, hold: 300 }, { refusals: [], warnings: ['RESOLUTION_COARSE'] }],
    [
      'too few samples for the claim',
      { every: 0.1, timeout: 0.3, within: 30, hold: 5 },
      { refusals: [], warnings: ['TOO_FEW_SAMPLES_FOR_CLAIM'] },
    ],
    [
      'the fault ends before the promise',
      { every: 0.1, timeout: 0.3, within: 30, for: 20 },
      { refusals: [], warnings: ['FAULT_TOO_SHORT'] },
    ],
    ['the fault lasts long enough', { every: 0.1, timeout: 0.3, within: 30, for: 60 }, { refusals: [], warnings: [] }],
  ])('%s', (_, of, expected) => expect(codes(of)).toEqual(expected))

  test('299 good samples in a row are needed for "99 %" and the text says how to get them', () => {
    const { warnings } = infeasible(experiment({ every: 0.1, timeout: 0.3, within: 30, hold: 5 }))
    expect(warnings[0]?.text).toMatch(/needs 299: hold for 29\.9s or probe every 16ms/)
  })

  test('the resolution of a probe is its interval plus its latency bound', () => {
    expect(resolutionOf(experiment({ every: 0.1, timeout: 0.3, within: 1 }))).toEqual({ front: 0.4 })
  })
})
