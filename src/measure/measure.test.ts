import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  type Down,
  effect,
  lifeOf,
  noise,
  PROBE,
  probeOf,
  type Service,
  synthetic,
  undoEnded,
} from '../../test/fixtures/synthetic-drill.ts'
import type { DrillEvent } from '../domain/event.ts'
import type { Objectives } from '../domain/experiment.ts'
import type { Measured } from '../domain/record.ts'
import { ratio, seconds } from '../domain/time.ts'
import { measure } from './measure.ts'

const RTO: NonNullable<Objectives['rto']> = { within: seconds(10), to: { probe: 'web', good: ratio(1) }, hold: seconds(2) }

const serviceOf = (down: readonly Down[], more: Partial<Service> = {}): Service => ({
  every: PROBE.every,
  timeout: PROBE.timeout,
  latency: () => 0.01,
  late: () => 0,
  down,
  ...more,
})

const drill = (down: readonly Down[], more: Parameters<typeof synthetic>[0] = {}, service: Partial<Service> = {}) =>
  measure(synthetic({ samples: { web: probeOf(serviceOf(down, service), 1, 60) }, objectives: { rto: RTO }, ...more }))

const holds = (of: Measured, truth: number) => {
  expect(of, JSON.stringify(of)).not.toHaveProperty('reason')
  expect(of.lo ?? 0).toBeLessThanOrEqual(truth + 2e-6)
  expect(of.hi ?? Number.POSITIVE_INFINITY).toBeGreaterThanOrEqual(truth - 2e-6)
}

describe('time to recovery', () => {
  it('is held, broken or unknown by intervals', () => {
    expect(drill([{ from: 10.03, to: 14, how: 'refused' }])).toMatchObject({ verdict: 'held', exit: 0 })
    expect(drill([{ from: 10.03, to: 24, how: 'refused' }])).toMatchObject({ verdict: 'broken', exit: 1 })
    expect(drill([{ from: 10.03, to: 20.03, how: 'refused' }])).toMatchObject({ verdict: 'unknown', exit: 2 })
  })

  it('does not take for a recovery what came when the fault was lifted', () => {
    const record = drill([{ from: 10.03, to: 40.02, how: 'refused' }], { objectives: { rto: { ...RTO, within: seconds(60) } } })
    expect(record.measures.rta.incident).toMatchObject({ hi: null, censored: 'right' })
    expect(record.measures.rta.incident.lo).toBeGreaterThan(29)
    expect(record.verdict).toBe('unknown')
    expect(record.findings.map(({ id }) => id)).toContain('recovered-after-fault-removed')
  })

  it('is broken when it is cut off beyond the target', () => {
    expect(drill([{ from: 10.03, to: 40.02, how: 'hangs' }]).objectives[0]).toMatchObject({ name: 'rto', verdict: 'broken' })
  })

  it('of an event goes on being watched, for there is no end of the fault', () => {
    const record = drill([{ from: 10.03, to: 36, how: 'refused' }], { kind: 'event', objectives: { rto: { ...RTO, within: seconds(30) } } })
    holds(record.measures.rta.incident, 36 - 10.03)
    expect(record.faults[0]?.undo).toMatchObject({ state: 'not-needed' })
    expect(record.verdict).toBe('held')
  })

  it('counts relapses and gates on the stable recovery', () => {
    const down = [12, 14.5, 17].map((to) => ({ from: to - 1.5, to, how: 'refused' as const }))
    const record = drill(down)
    expect(record.measures.rta.relapses).toBe(2)
    holds(record.measures.rta.incident, 17 - 10.03)
    holds(record.measures.rta.first, 12 - 10.03)
    expect(record.measures.outages).toHaveLength(3)
    expect(record.findings.map(({ id }) => id)).toContain('relapsed')
  })

  it('without any impact is below resolution, not zero', () => {
    const { measures, verdict, findings } = drill([])
    expect(measures.rta.incident).toMatchObject({ lo: 0, censored: 'left' })
    expect(measures.rta.incident.hi).toBeGreaterThanOrEqual(0.4)
    expect(verdict).toBe('held')
    expect(findings.map(({ id }) => id)).toContain('zero-impact')
  })

  it('starts at the call when clients were hurt before the effect was seen, and says so', () => {
    const events = lifeOf().map(([at, event]) => [at, event.kind === 'effect' ? effect({ lo: 12, hi: 12.5 }) : event] as const)
    const { measures } = drill([{ from: 10.03, to: 14, how: 'refused' }], { events })
    holds(measures.rta.incident, 14 - 10.03)
    expect(measures.rta.notes).toHaveLength(1)
  })

  it('is unknown without samples: no data is never success', () => {
    const record = measure(synthetic({ objectives: { rto: RTO } }))
    expect(record).toMatchObject({ verdict: 'unknown', exit: 2 })
    expect(record.measures.rta.incident).toHaveProperty('reason')
  })

  it('is not held by samples that stop before the hold is over', () => {
    const samples = { web: probeOf(serviceOf([{ from: 10.03, to: 14, how: 'refused' }]), 1, 15) }
    expect(measure(synthetic({ samples, objectives: { rto: RTO } }))).toMatchObject({ verdict: 'unknown' })
  })

  it('is unknown when the clock stepped', () => {
    const events = [...lifeOf(), [20, { kind: 'clock.stepped', by: 7 }]] as [number, DrillEvent][]
    expect(drill([{ from: 10.03, to: 14, how: 'refused' }], { events })).toMatchObject({ verdict: 'unknown' })
  })

  it('takes samples for unknown while the control probe was bad', () => {
    const control = { role: 'control' } as const
    const trouble = [{ from: 12, to: 13, how: 'refused' }] as const
    const samples = { web: probeOf(serviceOf(trouble), 1, 60), out: probeOf(serviceOf(trouble), 1, 60) }
    const record = measure(synthetic({ probes: { web: {}, out: control }, samples, objectives: { rto: RTO } }))
    expect(record.measures.outages.filter(({ probe }) => probe === 'web')).toEqual([])
    expect(record.findings.map(({ id }) => id)).toContain('observer-trouble')
    expect(record.probes.find(({ name }) => name === 'web')?.unknown).toBeGreaterThan(8)
  })
})

describe('the truth lies inside', () => {
  const how = fc.constantFrom('refused', 'hangs', 'slow')
  const world = fc.record({
    seed: fc.nat(1e6),
    onset: fc.double({ min: 10.005, max: 11, noNaN: true }),
    length: fc.double({ min: 0.5, max: 15, noNaN: true }),
    how,
    latency: fc.double({ min: 0.001, max: 0.06, noNaN: true }),
    jitter: fc.double({ min: 0, max: 0.05, noNaN: true }),
    missing: fc.constantFrom(0, 0, 0.02, 0.1),
    relapse: fc.option(
      fc.record({ after: fc.double({ min: 0.3, max: 1.5, noNaN: true }), length: fc.double({ min: 0.5, max: 3, noNaN: true }) }),
    ),
    every: fc.constantFrom(0.02, 0.1, 0.25),
    timeout: fc.constantFrom(0.1, 0.3, 0.9),
  })

  it('of the time to recovery, of every outage, and of the bad time', { timeout: 60_000 }, () => {
    fc.assert(
      fc.property(world, ({ seed, onset, length, how, latency, jitter, missing, relapse, every, timeout }) => {
        // Whoever is answered within the bound was served: a hang shorter than that is none to a client.
        const least = how === 'hangs' ? timeout : 0
        const end = onset + least + length
        const down: Down[] = [{ from: onset, to: end, how }]
        const again = end + timeout + 2 * every + (relapse?.after ?? 0)
        if (relapse) down.push({ from: again, to: again + least + relapse.length, how })
        const service: Service = {
          every,
          timeout,
          latency: (slot) => latency * (0.7 + 0.3 * noise(seed, slot)),
          late: (slot) => (noise(seed + 1, slot) < missing ? null : jitter * noise(seed + 2, slot) * every),
          down,
        }
        const effective = { lo: onset - 0.004, hi: onset + 0.01 }
        const events = lifeOf().map(([at, event]) => [at, event.kind === 'effect' ? effect(effective) : event] as const)
        const samples = { web: probeOf(service, 1, 60) }
        const probes = { web: { every: seconds(every), timeout: seconds(timeout) } }
        const { measures } = measure(synthetic({ probes, samples, events, objectives: { rto: RTO } }))
        const recovered = again - end >= RTO.hold ? end : (down.at(-1)?.to ?? 0)
        if (missing === 0 || !('reason' in measures.rta.incident)) holds(measures.rta.incident, recovered - onset)
        for (const { onset: began, end: over } of measures.outages) {
          const truth = down.find(({ from, to }) => began.hi > from - 1e-6 && began.lo < to)
          expect(truth).toBeDefined()
          if (!truth || missing > 0) continue
          expect(began.lo).toBeLessThanOrEqual(truth.from + 2e-6)
          expect(began.hi).toBeGreaterThanOrEqual(truth.from - 2e-6)
          expect(over?.lo).toBeLessThanOrEqual(truth.to + 2e-6)
          expect(over?.hi).toBeGreaterThanOrEqual(truth.to - 2e-6)
        }
      }),
      { numRuns: 300 },
    )
  })

  it('of the time to recovery over several targets, from any of them', () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: 10.02, max: 12, noNaN: true }), { minLength: 2, maxLength: 5 }), fc.nat(1e6), (times, seed) => {
        const others = lifeOf().filter(([, { kind }]) => kind !== 'effect')
        const effects = times.map(
          (at, i) => [13, effect({ lo: at - noise(seed, i) * 0.01, hi: at + noise(seed, i + 9) * 0.2 }, `p${i}`)] as const,
        )
        const first = Math.min(...times)
        const record = drill([{ from: first, to: 15, how: 'refused' }], { events: [...others, ...effects] })
        for (const at of times) holds(record.measures.rta.incident, 15 - at)
      }),
    )
  })

  it('of the bad time that the budget is charged for', () => {
    const budget = { slo: ratio(0.999), window: seconds(2_592_000), probe: 'web', traffic: PROBE.every as never, spend: ratio(0.1) }
    fc.assert(
      fc.property(fc.double({ min: 0.2, max: 12, noNaN: true }), fc.double({ min: 10.1, max: 12, noNaN: true }), (length, from) => {
        const record = drill([{ from, to: from + length, how: 'refused' }], { objectives: { budget } })
        const spend = record.measures.budget?.spend
        if (!spend) throw new Error('no budget')
        holds(spend, length / (0.001 * 2_592_000))
      }),
    )
  })
})

describe('error budget', () => {
  it('a full outage of 5 minutes burns 11.6 % of 99.9 % over 30 days', () => {
    const budget = { slo: ratio(0.999), window: seconds(2_592_000), probe: 'web', traffic: 200 as never, spend: ratio(0.1) }
    const events = lifeOf().map(([at, event]) => [at > 10.5 ? at + 300 : at, event] as const)
    const samples = { web: probeOf(serviceOf([{ from: 10.03, to: 310.03, how: 'refused' }]), 1, 360) }
    const { objectives, measures } = measure(synthetic({ samples, events, objectives: { budget } }))
    holds(measures.budget?.spend as Measured, 0.11574)
    expect((measures.budget?.spend.hi ?? 1) - (measures.budget?.spend.lo ?? 0)).toBeLessThan(0.001)
    expect(objectives[0]).toMatchObject({ name: 'budget', verdict: 'broken' })
  })
})

describe('verdict of the drill', () => {
  const short: readonly Down[] = [{ from: 10.03, to: 12, how: 'refused' }]
  const without = (kind: string) => lifeOf().filter(([, event]) => event.kind !== kind)

  it('is unknown when the fault did not bite, however well everything went', () => {
    const record = drill([], { events: [...without('effect'), [11, effect(null)]] })
    expect(record).toMatchObject({ verdict: 'unknown', exit: 2 })
    expect(record.reason).toContain('no effect')
    expect(record.objectives.every(({ verdict }) => verdict === 'unknown')).toBe(true)
    expect(record.findings.map(({ id }) => id)).toContain('no-effect')
  })

  it('is unknown when only some of the targets that were needed were hit', () => {
    const partial: DrillEvent = { kind: 'effect.partial', fault: 'dark', affected: 1, of: 3, needed: 3 }
    expect(drill(short, { events: [...lifeOf(), [11, partial]] }).reason).toContain('1 of 3')
  })

  it('is unknown when nothing was promised', () => {
    expect(drill(short, { objectives: {} })).toMatchObject({ verdict: 'unknown' })
  })

  it('is aborted, and every objective is judged all the same', () => {
    const events = [...lifeOf(), [20, { kind: 'abort', cause: 'guardrail', detail: 'too bad' }]] as [number, DrillEvent][]
    const record = drill(short, { events })
    expect(record).toMatchObject({ verdict: 'aborted', exit: 3 })
    expect(record.objectives[0]?.verdict).toBe('held')
  })

  it('is refused when the gate did not hold', () => {
    const events: [number, DrillEvent][] = [
      [1, { kind: 'phase', phase: 'baseline' }],
      [9, { kind: 'gate', held: false, why: 'web is bad' }],
      [10, { kind: 'phase', phase: 'seal' }],
    ]
    expect(drill([], { events })).toMatchObject({ verdict: 'refused', exit: 4 })
  })

  it('is refused when it was cut short before the first mutation', () => {
    const events: [number, DrillEvent][] = [[5, { kind: 'abort', cause: 'interrupt', detail: 'Ctrl-C' }]]
    expect(drill([], { events })).toMatchObject({ verdict: 'refused', exit: 4 })
  })

  it('is undo-failed when something is left, whatever else is true', () => {
    const failed = [...without('undo.ended'), [40.05, undoEnded('failed')]] as [number, DrillEvent][]
    expect(drill(short, { events: failed })).toMatchObject({ verdict: 'undo-failed', exit: 5 })
    expect(drill(short, { events: without('undo.ended') })).toMatchObject({ verdict: 'undo-failed', exit: 5 })
    const drifted = [...without('undo.ended'), [40.05, undoEnded('drifted', false)]] as [number, DrillEvent][]
    expect(drill(short, { events: drifted })).toMatchObject({ verdict: 'undo-failed', exit: 5 })
  })

  it('with a drift that leaves nothing of ours is a finding only', () => {
    const drifted = [...without('undo.ended'), [40.05, undoEnded('drifted', true)]] as [number, DrillEvent][]
    const record = drill(short, { events: drifted })
    expect(record.verdict).toBe('held')
    expect(record.findings.map(({ id }) => id)).toContain('drifted')
  })

  it('with a target that took the fault with it is a finding, for nobody undid anything', () => {
    const gone = [...without('undo.ended'), [40.05, undoEnded('not-needed', true)]] as [number, DrillEvent][]
    expect(drill(short, { events: gone }).findings.map(({ id }) => id)).toContain('ended-by-itself')
    expect(drill(short, { events: lifeOf('event') }).findings.map(({ id }) => id)).not.toContain('ended-by-itself')
  })

  it('is the same before and after it was written into the journal', () => {
    const before = drill(short)
    const closed: DrillEvent = {
      kind: 'drill.closed',
      verdict: before.verdict,
      exit: before.exit,
      reason: before.reason,
      end: 'z',
      drift: 0,
    }
    const after = drill(short, { events: [...lifeOf(), [61, closed]] })
    expect(after).toMatchObject({ verdict: before.verdict, exit: before.exit, reason: before.reason })
  })
})

describe('failback', () => {
  it('is the time until the service is steady and the spare is back', () => {
    const back: DrillEvent = { kind: 'redundancy', restored: true, at: { lo: 43, hi: 43.2 }, by: 'web', detail: 'agrees' }
    const down: readonly Down[] = [
      { from: 10.03, to: 12, how: 'refused' },
      { from: 41, to: 42, how: 'refused' },
    ]
    const events = [...lifeOf(), [44, back]] as [number, DrillEvent][]
    const { measures } = drill(down, { events, redundancy: true })
    holds(measures.failback.time, 43.1 - 40.1)
    holds(measures.failback.redundancy, 43.1 - 10.03)
    holds(measures.failback.bad, 1)
    expect(measures.failback.metastable).toBe('held')
  })

  it('does not measure the return of a spare that was never seen gone: it is bounded by what could have been seen', () => {
    const there: DrillEvent = { kind: 'redundancy', restored: true, at: null, by: 'web', detail: 'agrees' }
    const events = [...lifeOf(), [44, there]] as [number, DrillEvent][]
    const { redundancy } = drill([{ from: 10.03, to: 12, how: 'refused' }], { events, redundancy: true }).measures.failback
    expect(redundancy).toMatchObject({ lo: 0, censored: 'left' })
    expect(redundancy.hi).toBeLessThan(1)
  })

  it('tells a service that stays broken without the fault', () => {
    const record = drill([{ from: 10.03, to: 70, how: 'refused' }])
    expect(record.measures.failback.metastable).toBe('broken')
    expect(record.findings.map(({ id }) => id)).toContain('metastable')
  })
})

describe('detection', () => {
  const alert = { name: 'alert', kind: 'http', spec: {}, stage: 'D2', every: seconds(1) } as const
  const objectives = { detection: { signal: 'alert', stage: 'D2', within: seconds(10) } } as const
  const saw = (at: number, state: 'firing' | 'quiet' | 'unknown'): [number, DrillEvent] => [
    at,
    { kind: 'signal', signal: 'alert', stage: 'D2', state, at: { lo: at - 0.5, hi: at }, detail: '' },
  ]
  const detect = (...events: [number, DrillEvent][]) => drill([], { signals: [alert], objectives, events: [...lifeOf(), ...events] })

  it('counts from the effect to the first firing', () => {
    const record = detect(saw(2, 'quiet'), saw(15, 'firing'))
    holds(record.measures.detection['alert'] as Measured, 14.8 - 10.03)
    expect(record.objectives[0]?.verdict).toBe('held')
  })

  it('is broken when it never came', () => {
    const record = detect(saw(2, 'quiet'))
    expect(record.measures.detection['alert']).toMatchObject({ hi: null, censored: 'right' })
    expect(record.objectives[0]?.verdict).toBe('broken')
    expect(record.findings.map(({ id }) => id)).toContain('never-detected')
  })

  it('is unknown when it fired already, or could not be read', () => {
    expect(detect(saw(5, 'firing')).objectives[0]?.verdict).toBe('unknown')
    expect(detect(saw(2, 'quiet'), saw(12, 'unknown')).objectives[0]?.verdict).toBe('unknown')
  })
})

describe('what clients got', () => {
  it('is counted by phase, and the shares add up to one', () => {
    const { measures } = drill([{ from: 10.03, to: 14, how: 'refused' }])
    expect(measures.degraded.map(({ phase }) => phase)).toEqual(['baseline', 'fault', 'recovered', 'after'])
    for (const { full, degraded, stale, wrong, failed } of measures.degraded)
      expect(full + degraded + stale + wrong + failed).toBeCloseTo(1)
    expect(measures.degraded.find(({ phase }) => phase === 'fault')?.failed).toBeGreaterThan(0.9)
    expect(measures.latency.find(({ phase }) => phase === 'baseline')).toMatchObject({ p50: 0.01, p99: 0.01 })
  })

  it('of a wrong answer is an outage, and is counted over the whole drill', () => {
    const samples = probeOf(serviceOf([]), 1, 60).map((sample) =>
      sample.planned > 11e6 && sample.planned < 13e6 ? { ...sample, outcome: 'wrong' as const } : sample,
    )
    const objectives = { wrong: { probe: 'web', max: 5 } }
    const record = measure(synthetic({ samples: { web: samples }, objectives }))
    expect(record.objectives[0]).toMatchObject({ name: 'wrong', verdict: 'broken' })
    expect(record.measures.outages).toHaveLength(1)
  })
})
