import { defineReport, type ReportInput } from '../contracts/report.ts'
import type { DrillRecord } from '../domain/record.ts'
import { lengthOf, measuresOf, objectiveWord, sayLoad, sayMeasured, sayNumber, sayTarget, sayWhen, VERDICT_WORDS } from './words.ts'

/** Text inside a table's cell or a sentence: nothing in it can become markup, a link or a new row. */
const safe = (text: string): string =>
  text
    .replaceAll(/[\\`*_{}[\]<>|~]/g, String.raw`\$&`)
    .replaceAll('@', '&#64;')
    .replaceAll(/\s*[\r\n]+\s*/g, ' ')

const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n')

const section = (title: string, body: string): readonly string[] => (body === '' ? [] : [`#### ${title}`, '', body, ''])

/** A digest that fits a pull request's comment or a step summary: verdict, objectives, what was broken and put back, findings. */
export const markdown = defineReport({
  name: 'markdown',
  summary: 'A digest for a pull request comment or a step summary',
  file: 'report.md',
  render: ({ record }: ReportInput) => {
    const { word, mark } = VERDICT_WORDS[record.verdict]
    return [
      `### ${mark} ${word}: ${safe(record.experiment.title)}`,
      '',
      safe(record.reason),
      '',
      ...section('Objectives', objectives(record)),
      ...section('Broken and put back', faults(record)),
      ...section('Measured', measures(record)),
      ...section('Ledgers', ledgers(record)),
      ...section('Findings', record.findings.map(({ severity, text }) => `- **${severity}** ${safe(text)}`).join('\n')),
      footer(record),
      '',
    ].join('\n')
  },
})

const objectives = ({ objectives: all }: DrillRecord): string =>
  all.length === 0
    ? 'Nothing was promised.'
    : table(
        ['Objective', 'Target', 'Measured', 'Verdict'],
        all.map((one) => [
          safe(objectiveWord(one.name)),
          sayTarget(one),
          safe(sayMeasured(one.measured)),
          `${VERDICT_WORDS[one.verdict].mark} ${one.verdict}: ${safe(one.reason)}`,
        ]),
      )

const faults = ({ faults: all }: DrillRecord): string =>
  all.length === 0
    ? ''
    : table(
        ['Fault', 'Targets', 'Effect', 'Undo'],
        all.map(({ name, fault, targets, effect, undo }) => [
          `${safe(name)} (${safe(fault)})`,
          targets.length > 3 ? `${targets.length} targets` : targets.map(safe).join(', '),
          effect.proven ? `proven (${effect.level}) at ${sayWhen(effect.at)}: ${safe(effect.how)}` : `not proven: ${safe(effect.how)}`,
          `${undo.state}${undo.verified ? ', read back' : ''}`,
        ]),
      )

const measures = (record: DrillRecord): string =>
  table(
    ['Measure', 'Value'],
    measuresOf(record).map(({ name, measured }) => [safe(name), safe(sayMeasured(measured))]),
  )

const ledgers = ({ measures: { rpa } }: DrillRecord): string =>
  rpa.ledgers.length === 0
    ? ''
    : table(
        ['Ledger', 'Read', 'Authority', 'Acknowledged', 'Lost', 'Recovered', 'Unexpected', 'Duplicated', 'Valid'],
        rpa.ledgers.map((one) =>
          [
            safe(one.ledger),
            safe(one.when),
            safe(one.authority ?? 'none'),
            one.acknowledged,
            one.lost,
            one.recovered,
            one.unexpected,
            one.duplicated,
            one.valid,
          ].map(String),
        ),
      )

function footer(record: DrillRecord): string {
  const length = lengthOf(record)
  const parts = [
    `run ${record.run}`,
    `plan ${record.plan.hash.slice(0, 12)}`,
    record.clock.origin,
    ...(record.load === null ? [] : [`load ${sayLoad(record.load)}`]),
    ...(length === null ? [] : [sayNumber(length, 's')]),
  ]
  return `<sub>${parts.map(safe).join(' · ')} · exit ${record.exit}</sub>`
}
