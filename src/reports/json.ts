import { defineReport } from '../contracts/report.ts'
import type { DrillRecord } from '../domain/record.ts'

/** The order in which a person reads a record, and in which it is always written. */
const SPINE = [
  'firedrill',
  'run',
  'experiment',
  'plan',
  'verdict',
  'exit',
  'reason',
  'faults',
  'objectives',
  'measures',
  'findings',
  'phases',
  'probes',
  'load',
  'environment',
  'clock',
] as const satisfies readonly (keyof DrillRecord)[]

/** The record itself. The environment, which comes in any order, is sorted by name. */
export const json = defineReport({
  name: 'json',
  summary: 'The record that scripts rely on, by schema/record.schema.json',
  file: 'report.json',
  render: ({ record }) => {
    const ordered: Partial<Record<keyof DrillRecord, unknown>> = {}
    for (const key of SPINE) ordered[key] = record[key]
    ordered.environment = Object.fromEntries(Object.entries(record.environment).toSorted(([a], [b]) => (a < b ? -1 : 1)))
    return `${JSON.stringify(ordered, null, 2)}\n`
  },
})
