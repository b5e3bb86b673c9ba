import { defineReport, type ReportInput } from '../contracts/report.ts'
import type { DrillRecord, FaultResult, ObjectiveResult } from '../domain/record.ts'
import type { DrillVerdict } from '../domain/verdict.ts'
import { lengthOf, measuresOf, sayMeasured, sayTarget } from './words.ts'
import { escape } from './xml.ts'

interface Case {
  readonly name: string
  /** failure: a promise is broken. error: it could not be judged, or the drill did not run as it should. */
  readonly bad: 'failure' | 'error' | null
  readonly message: string
  readonly details: readonly string[]
}

/** One test case an objective, one a fault (its effect and its undo), one for the drill itself. */
export const junit = defineReport({
  name: 'junit',
  summary: 'JUnit XML: a broken objective is a failure, an unknown one an error',
  file: 'junit.xml',
  render: ({ record }: ReportInput) => {
    const cases = [drillCase(record), ...record.objectives.map(objectiveCase), ...record.faults.map(faultCase)]
    const count = (bad: Case['bad']): number => cases.filter((one) => one.bad === bad).length
    const time = (lengthOf(record) ?? 0).toFixed(3)
    const totals = `tests="${cases.length}" failures="${count('failure')}" errors="${count('error')}" skipped="0" time="${time}"`
    return [
      '<?xml version="1.0" encoding="UTF-8"?>',
      `<testsuites name="firedrill" ${totals}>`,
      `  <testsuite name="${escape(record.experiment.title)}" ${totals} timestamp="${escape(record.clock.origin)}">`,
      '    <properties>',
      ...propertiesOf(record).map(([name, value]) => `      <property name="${escape(name)}" value="${escape(value)}"/>`),
      '    </properties>',
      ...cases.flatMap((one) => caseLines(record.experiment.title, one)),
      '  </testsuite>',
      '</testsuites>',
      '',
    ].join('\n')
  },
})

const propertiesOf = (record: DrillRecord): readonly (readonly [string, string])[] => [
  ['run', record.run],
  ['verdict', record.verdict],
  ['exit', String(record.exit)],
  ['plan.hash', record.plan.hash],
  ['experiment.sha256', record.experiment.sha256],
  ...measuresOf(record).map(({ name, measured }) => [`measure.${name}`, sayMeasured(measured)] as const),
]

const BAD: Readonly<Record<DrillVerdict, Case['bad']>> = {
  held: null,
  broken: 'failure',
  unknown: 'error',
  aborted: 'error',
  refused: 'error',
  'undo-failed': 'failure',
  error: 'error',
}

const drillCase = (record: DrillRecord): Case => ({
  name: 'drill',
  bad: BAD[record.verdict],
  message: `${record.verdict}: ${record.reason}`,
  details: record.findings.map(({ severity, text }) => `${severity}: ${text}`),
})

const objectiveCase = (one: ObjectiveResult): Case => ({
  name: `objective ${one.name}`,
  bad: BAD[one.verdict],
  message: `${sayMeasured(one.measured)}, target ${sayTarget(one)}: ${one.reason}`,
  details: 'reason' in one.measured ? [] : [`method: ${one.measured.method}`],
})

function faultCase({ name, fault, effect, undo }: FaultResult): Case {
  const back = undo.state !== 'failed'
  return {
    name: `fault ${name}`,
    bad: back ? (effect.proven ? null : 'error') : 'failure',
    message: `${fault}: effect ${effect.proven ? 'proven' : 'not proven'} (${effect.how}); undo ${undo.state}`,
    details: undo.perTarget.map(
      ({ target, state, detail, command }) => `${target}: ${state}. ${detail}${state === 'failed' ? ` To undo by hand: ${command}` : ''}`,
    ),
  }
}

function caseLines(suite: string, { name, bad, message, details }: Case): readonly string[] {
  const out = [message, ...details].map(escape).join('\n')
  return [
    `    <testcase classname="${escape(suite)}" name="${escape(name)}">`,
    ...(bad === null ? [] : [`      <${bad} message="${escape(message)}"/>`]),
    `      <system-out>${out}</system-out>`,
    '    </testcase>',
  ]
}
