import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { lifeOf, synthetic, type Write } from '../../../test/fixtures/synthetic-drill.ts'
import type { DrillEvent, ReadWhen } from '../../domain/event.ts'
import type { LedgerDecl } from '../../domain/experiment.ts'
import { rate, seconds } from '../../domain/time.ts'
import { measure } from '../measure.ts'

const LEDGER: LedgerDecl = { name: 'orders', kind: 'postgres', spec: {}, rate: rate(10), timeout: seconds(1) }
const OK = 0
const FAIL = 1
const INFO = 2

/** One writer, ten writes a second, acknowledged 10 ms later; times in seconds. */
const write = (seq: number, at: number, outcome: Write['outcome'] = OK, more: Partial<Write> = {}): Write => ({
  writer: 1,
  seq,
  invoked: at,
  ended: at + 0.01,
  outcome,
  node: 'eu',
  ...more,
})

const read = (when: ReadWhen, at: number, more: Partial<Extract<DrillEvent, { kind: 'ledger.read' }>> = {}): [number, DrillEvent] => [
  at + 0.1,
  {
    kind: 'ledger.read',
    ledger: 'orders',
    when,
    node: 'us',
    authority: true,
    file: when,
    rows: 0,
    at: { lo: at, hi: at + 0.1 },
    detail: '',
    ...more,
  },
]

const BOTH = [read('during', 20), read('during-again', 21)]

function drill(
  writes: readonly Write[],
  held: readonly number[] | Readonly<Record<string, readonly number[]>>,
  reads = BOTH,
  extra: [number, DrillEvent][] = [],
) {
  const sets = Array.isArray(held) ? { during: held, 'during-again': held, after: held } : held
  const rows = Object.fromEntries(
    Object.entries(sets as Record<string, readonly number[]>).map(([file, seqs]) => [file, seqs.map((seq) => [1, seq] as const)]),
  )
  const events = [...lifeOf(), ...reads, ...extra] as [number, DrillEvent][]
  return measure(synthetic({ ledgers: [LEDGER], writes, reads: rows, events, objectives: { rpo: { ledger: 'orders', lost: 0 } } }))
}

/** Writes 1 … 100 from 5 s on: the fault bites at 10.03 s, about write 50. */
const hundred = Array.from({ length: 100 }, (_, i) => write(i + 1, 5 + i * 0.1))
const upTo = (last: number) => Array.from({ length: last }, (_, i) => i + 1)

describe('data loss', () => {
  it('of nothing is a bound and no zero', () => {
    const { objectives, measures } = drill(hundred, upTo(100))
    expect(objectives[0]).toMatchObject({ verdict: 'held', measured: { lo: 0, hi: 0, unit: 'writes' } })
    expect(measures.rpa.span).toMatchObject({ lo: 0, hi: 0.1, censored: 'left' })
    expect(measures.rpa.lossBound).toBeCloseTo(0.03)
  })

  it('is acknowledged and not there; what was not acknowledged is neither lost nor a success', () => {
    const writes = [
      ...hundred,
      write(101, 15, FAIL),
      write(102, 15.1, FAIL),
      write(103, 15.2, INFO),
      write(104, 15.3, INFO),
      write(105, 15.4, 3),
    ]
    const held = [...upTo(98), 98, 101, 103, 900]
    const [during] = drill(writes, held).measures.rpa.ledgers
    expect(during).toMatchObject({
      attempts: 104,
      acknowledged: 100,
      refused: 2,
      indeterminate: 2,
      lost: 2,
      recovered: 1,
      unexpected: 1,
      duplicated: 1,
      refusedButPresent: 1,
      holes: 0,
      valid: 'broken',
    })
  })

  it('counts a record that came twice once, however often it came', () => {
    expect(drill(hundred, [...upTo(100), 7, 7, 7, 9]).measures.rpa.ledgers[0]?.duplicated).toBe(2)
  })

  it('in seconds goes from the recovery point to the later of the effect and the last lost acknowledgement', () => {
    const { measures } = drill(hundred, upTo(70))
    const cut = 5 + 70 * 0.1
    expect(measures.rpa.lost).toMatchObject({ lo: 30, hi: 30 })
    const truth = 5 + 99 * 0.1 + 0.01 - cut
    expect(measures.rpa.span.lo).toBeLessThanOrEqual(truth)
    expect(measures.rpa.span.hi).toBeGreaterThanOrEqual(truth)
    expect((measures.rpa.span.hi ?? 9) - (measures.rpa.span.lo ?? 0)).toBeLessThanOrEqual(0.1 + 0.05)
  })

  it('with later writes surviving is holes', () => {
    const held = upTo(100).filter((seq) => seq !== 40 && seq !== 41 && seq !== 60 && seq < 99)
    expect(drill(hundred, held).measures.rpa.ledgers[0]).toMatchObject({ lost: 5, holes: 2 })
  })

  it('does not ask for writes that came after the read', () => {
    const later = [...hundred, write(101, 25), write(102, 25.1)]
    expect(drill(later, upTo(100)).objectives[0]?.verdict).toBe('held')
  })

  it('is unknown without a read, without a second one, and when the two disagree', () => {
    const verdict = (...args: Parameters<typeof drill>) => drill(...args).objectives[0]?.verdict
    expect(verdict(hundred, upTo(100), [])).toBe('unknown')
    expect(verdict(hundred, upTo(100), [read('during', 20)])).toBe('unknown')
    expect(verdict(hundred, { during: upTo(100), 'during-again': upTo(99) })).toBe('unknown')
    expect(verdict(hundred, upTo(100), [read('after', 50)])).toBe('unknown')
    expect(verdict([], [])).toBe('unknown')
    expect(verdict(hundred, upTo(100), [read('during', 20, { authority: false }), read('during-again', 21, { authority: false })])).toBe(
      'unknown',
    )
  })

  it('is read from a node that only one of the two readings knows to take the writes', () => {
    const late = [read('during', 20, { authority: false }), read('during-again', 21)]
    expect(drill(hundred, upTo(100), late).objectives[0]?.verdict).toBe('held')
    const moved = [read('during', 20, { node: 'eu' }), read('during-again', 21)]
    expect(drill(hundred, upTo(100), moved).objectives[0]?.verdict).toBe('unknown')
  })

  it('after the return counts as well: a rejoin may take away what was there', () => {
    const record = drill(hundred, { during: upTo(100), 'during-again': upTo(100), after: upTo(90) }, [...BOTH, read('after', 56)])
    expect(record.objectives[0]).toMatchObject({ verdict: 'broken', measured: { lo: 10 } })
    expect(record.findings.map(({ id }) => id)).toContain('data-lost')
  })

  it('by two nodes that both take writes is a split brain', () => {
    const record = drill(hundred, upTo(100), [...BOTH, read('during', 20, { node: 'eu' })])
    expect(record.measures.rpa.ledgers[0]?.valid).toBe('broken')
    expect(record.findings.map(({ id }) => id)).toContain('split-brain')
  })

  it('counts what the old node acknowledged after another had taken over', () => {
    const epoch: [number, DrillEvent] = [12, { kind: 'ledger.epoch', ledger: 'orders', node: 'us', at: { lo: 11.9, hi: 12 } }]
    const writes = hundred.map((of) => (of.invoked > 13 ? { ...of, node: 'us' } : of))
    expect(drill(writes, upTo(100), BOTH, [epoch]).measures.rpa.ledgers[0]?.splitBrainAcks).toBe(
      writes.filter(({ invoked, node }) => invoked > 12 && node === 'eu').length,
    )
  })

  it('adds up: every attempt is in one class', () => {
    const outcome = fc.constantFrom<Write['outcome']>(OK, OK, OK, FAIL, INFO)
    fc.assert(
      fc.property(fc.array(fc.tuple(outcome, fc.boolean()), { minLength: 1, maxLength: 120 }), (made) => {
        const writes = made.map(([kind], i) => write(i + 1, 5 + i * 0.1, kind))
        const held = made.flatMap(([, there], i) => (there ? [i + 1] : []))
        const [of] = drill(writes, held).measures.rpa.ledgers
        const is = (kind: number, there: boolean) => made.filter(([k, t]) => k === kind && t === there).length
        expect(of).toMatchObject({ lost: is(OK, false), recovered: is(INFO, true), refusedButPresent: is(FAIL, true), unexpected: 0 })
        expect(of?.attempts).toBe((of?.acknowledged ?? 0) + (of?.refused ?? 0) + (of?.indeterminate ?? 0))
      }),
    )
  })
})
