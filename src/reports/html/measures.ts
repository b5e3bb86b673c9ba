import type { DegradedRow, DrillRecord, LedgerResult, Outage } from '../../domain/record.ts'
import { measuresOf, sayCensored, sayMeasured, sayNumber, sayWhen } from '../words.ts'
import { badge } from './badge.ts'
import { type Column, type Html, html, section, table } from './markup.ts'

const number = (head: string): Column => ({ head, number: true })
const share = (value: number): string => `${Number((value * 100).toPrecision(4))} %`

/** How each number was measured: method, resolution, what is cut off. */
export function measures(record: DrillRecord): Html {
  const { rta } = record.measures
  const rows = measuresOf(record).map(({ name, measured }) => {
    if ('reason' in measured) return [name, 'not measured', measured.reason, '', '', '']
    const samples = measured.samples === undefined ? '' : `${measured.samples}${measured.missed ? `, ${measured.missed} missed` : ''}`
    return [name, sayMeasured(measured), measured.method, measured.resolution ?? '', sayCensored(measured), samples]
  })
  return section('measures', 'How each number was measured', [
    table(
      'Measures',
      [{ head: 'Measure' }, number('Value'), { head: 'Method' }, { head: 'Resolution' }, { head: 'Cut off' }, number('Samples')],
      rows,
    ),
    ...rta.notes.map((note) => html`<p>${note}</p>`),
    html`<p class="muted">Intervals contain the truth as far as the observer could see it. ${relapses(record)}${budgetNote(record)}</p>`,
  ])
}

const relapses = ({ measures: { rta } }: DrillRecord): string =>
  rta.relapses === null
    ? ''
    : rta.relapses === 0
      ? 'No relapse after the first recovery. '
      : `${rta.relapses} relapses before the recovery that held. `
const budgetNote = ({ measures: { budget } }: DrillRecord): string =>
  budget?.virtual === true ? 'The budget burn is virtual: for the traffic that was declared.' : ''

/** What clients saw: outages, answers by kind, latency by phase. */
export const service = ({ measures: all }: DrillRecord): Html =>
  section('service', 'What clients saw', [
    html`<h3>Outages</h3>${all.outages.length === 0 ? html`<p>No probe saw an outage.</p>` : outages(all.outages)}`,
    html`<h3>Answers by kind</h3>${all.degraded.length === 0 ? html`<p>Not measured: no judged samples.</p>` : degraded(all.degraded)}`,
    html`<h3>Latency, from the scheduled start</h3>${
      all.latency.length === 0
        ? html`<p>Not measured: nothing was served.</p>`
        : table(
            'Latency by probe and phase',
            [{ head: 'Probe' }, { head: 'Phase' }, number('Answers'), number('p50'), number('p90'), number('p99'), number('max')],
            all.latency.map((row) => [
              row.probe,
              row.phase,
              row.count,
              ...[row.p50, row.p90, row.p99, row.max].map((value) => sayNumber(value, 's')),
            ]),
          )
    }`,
  ])

const outages = (all: readonly Outage[]): Html =>
  table(
    'Outages',
    [{ head: 'Probe' }, number('Began between'), number('Ended between'), number('Length')],
    all.map(({ probe, onset, end }) => [
      probe,
      sayWhen(onset),
      end === null ? 'not over when the watching ended' : sayWhen(end),
      end === null ? '' : sayMeasured({ lo: Math.max(0, end.lo - onset.hi), hi: end.hi - onset.lo, unit: 's', censored: null, method: '' }),
    ]),
  )

const CLASSES = ['full', 'degraded', 'stale', 'wrong', 'failed'] as const

const degraded = (all: readonly DegradedRow[]): Html =>
  table(
    'Answers by probe, phase and kind',
    [{ head: 'Probe' }, { head: 'Phase' }, number('Judged'), ...CLASSES.map(number), number('missed'), number('unknown')],
    all.map((row) => [row.probe, row.phase, row.count, ...CLASSES.map((name) => share(row[name])), row.missed, row.unknown]),
  )

/** Acknowledged writes and where they went. */
export const ledgers = ({ measures: { rpa } }: DrillRecord): Html =>
  section(
    'ledger',
    'Data: acknowledged writes',
    rpa.ledgers.length === 0
      ? html`<p>Not measured: the experiment has no ledger.</p>`
      : [
          table(
            'Ledgers by read',
            [
              { head: 'Ledger' },
              { head: 'Read' },
              { head: 'Authority' },
              ...[
                'Attempts',
                'Acknowledged',
                'Refused',
                'Nobody knows',
                'Lost',
                'Recovered',
                'Unexpected',
                'Duplicated',
                'Refused, yet there',
                'Holes',
                'Split-brain',
              ].map(number),
              { head: 'Verdict' },
            ],
            rpa.ledgers.map(ledgerRow),
          ),
          html`<p class="muted">Lost: acknowledged and not there. Recovered: there, though nobody had acknowledged it. Unexpected: there and never written.${
            rpa.lossBound === null
              ? ''
              : ` Zero loss would be a bound, not a zero: with this many writes, a loss of up to ${share(rpa.lossBound)} could go unseen (95 %).`
          }</p>`,
        ],
  )

const ledgerRow = (one: LedgerResult): readonly (Html | string | number)[] => [
  one.ledger,
  one.when,
  one.authority ?? 'none',
  one.attempts,
  one.acknowledged,
  one.refused,
  one.indeterminate,
  one.lost,
  one.recovered,
  one.unexpected,
  one.duplicated,
  one.refusedButPresent,
  one.holes,
  one.splitBrainAcks,
  badge(one.valid),
]
