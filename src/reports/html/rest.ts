import type { ReportInput } from '../../contracts/report.ts'
import type { Severity } from '../../domain/event.ts'
import type { Json } from '../../domain/json.ts'
import type { DrillRecord } from '../../domain/record.ts'
import { sayLoad, sayNumber } from '../words.ts'
import { type Html, html, pairs, section, table } from './markup.ts'

const ORDER: readonly Severity[] = ['high', 'medium', 'low', 'info']

/** What to fix, gravest first. */
export const findings = ({ findings: all }: DrillRecord): Html =>
  section(
    'findings',
    'Findings',
    all.length === 0
      ? html`<p>None.</p>`
      : html`<ul class="findings">${all
          .toSorted((a, b) => ORDER.indexOf(a.severity) - ORDER.indexOf(b.severity))
          .map(
            ({ id, severity, text }) =>
              html`<li><span class="severity ${severity}">${severity}</span> ${text} <span class="muted">${id}</span></li>`,
          )}</ul>`,
  )

const say = (value: Json | undefined): string => (typeof value === 'string' ? value : JSON.stringify(value ?? null))

/** Where it ran, with which clock and which observer. */
export function environment(record: DrillRecord): Html {
  const { clock, probes, load } = record
  return section('environment', 'Environment and observer', [
    pairs([
      ...Object.entries(record.environment).map(([name, value]) => [name, say(value)] as const),
      ['Clock', `monotonic, tied to ${clock.origin}${clock.end === null ? '' : ` and ${clock.end}`}`],
      ['Wall against monotonic', clock.error === null ? 'not measured: the drill was not closed' : sayNumber(clock.error, 's')],
      ['Load', sayLoad(load)],
      ['Experiment SHA-256', html`<code>${record.experiment.sha256}</code>`],
      ['Plan hash', html`<code>${record.plan.hash}</code>`],
    ]),
    probes.length === 0
      ? html`<p>No probe was asked.</p>`
      : table(
          'Probes',
          [
            { head: 'Probe' },
            { head: 'Kind' },
            ...['Every', 'Samples', 'Missed', 'Unknown', 'Late by p50', 'Late by p99'].map((head) => ({ head, number: true })),
          ],
          probes.map(({ name, kind, every, samples, missed, unknown, slip }) => [
            name,
            kind,
            sayNumber(every, 's'),
            samples,
            missed,
            unknown,
            slip === null ? 'not measured' : sayNumber(slip.p50, 's'),
            slip === null ? 'not measured' : sayNumber(slip.p99, 's'),
          ]),
        ),
  ])
}

export const experiment = (input: ReportInput): Html =>
  section(
    'experiment',
    'The experiment as it was read',
    html`<details><summary>${input.record.experiment.file}</summary><pre tabindex="0">${input.experiment}</pre></details>`,
  )
