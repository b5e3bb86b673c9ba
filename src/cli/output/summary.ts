import { type DrillRecord, type FaultResult, type ObjectiveResult } from '../../domain/record.ts'
import type { DrillVerdict } from '../../domain/verdict.ts'
import type { Paint } from '../host/terminal.ts'
import { measuredText, quantity, span, spanInterval } from './format.ts'
import { table } from './table.ts'
import { harmless, wrap } from './text.ts'

/** Said in a word and a sign, so that colour is never needed. */
const SIGN: Readonly<Record<DrillVerdict, string>> = {
  held: '✓ HELD',
  broken: '✗ BROKEN',
  unknown: '? UNKNOWN',
  aborted: '■ ABORTED',
  refused: '■ REFUSED',
  'undo-failed': '!! UNDO FAILED',
  error: '!! ERROR',
}

function verdictText(verdict: DrillVerdict, paint: Paint): string {
  const text = SIGN[verdict]
  if (verdict === 'held') return paint.green.bold(text)
  return verdict === 'unknown' || verdict === 'refused' || verdict === 'aborted' ? paint.yellow.bold(text) : paint.red.bold(text)
}

const op = (of: ObjectiveResult): string => (of.target.op === '<=' ? '≤' : '≥')

function objectiveRows(record: DrillRecord, paint: Paint): readonly (readonly string[])[] {
  return record.objectives.map((each) => [
    each.name,
    `${op(each)} ${quantity(each.target.value, each.target.unit)}`,
    measuredText(each.measured),
    verdictText(each.verdict, paint),
    each.verdict === 'held' ? '' : paint.dim(each.reason),
  ])
}

function faultText(fault: FaultResult, width: number): readonly string[] {
  const { effect, undo } = fault
  const proof = effect.proven
    ? `its effect is proven${effect.at === null ? '' : ` at ${spanInterval(effect.at)}`}${effect.level === 'control' ? ' (control plane only)' : ''}`
    : `no effect proven: ${effect.how}`
  const back =
    undo.state === 'not-needed'
      ? 'nothing to undo'
      : `${undo.state}${undo.verified ? ', read back' : ', not verified'}${undo.at === null ? '' : ` at ${span(undo.at)}`}`
  const failed = undo.perTarget
    .filter(({ state }) => state === 'failed')
    .map(({ target, command }) => `    still faulted: ${harmless(target)}; by hand: ${harmless(command)}`)
  const told = `${fault.name}: ${fault.fault} on ${harmless(fault.targets.join(', '))}: ${harmless(proof)}; ${back}`
  return [...wrap(told, width - 2, '  ').map((line) => `  ${line}`), ...failed]
}

export interface SummaryOptions {
  readonly paint: Paint
  readonly width: number
  /** The drill's folder as a person would type it. */
  readonly out: string
}

/** What a drill came to, for a person: verdict first, then every objective with its interval, the proofs, the findings, where the report is. */
export function renderSummary(record: DrillRecord, { paint, width, out }: SummaryOptions): string {
  const rows = objectiveRows(record, paint)
  const findings = record.findings.map(({ severity, text }) =>
    wrap(`${severity}: ${harmless(text)}`, width - 2, '  ')
      .map((line) => `  ${line}`)
      .join('\n'),
  )
  return [
    `${verdictText(record.verdict, paint)}  ${paint.bold(harmless(record.experiment.title))}`,
    ...wrap(harmless(record.reason), width),
    ...(rows.length === 0
      ? []
      : ['', table([['objective', 'target', 'measured', 'verdict', ''].map((text) => paint.dim(text)), ...rows], '  ')]),
    ...(record.faults.length === 0 ? [] : ['', ...record.faults.flatMap((fault) => faultText(fault, width))]),
    ...(findings.length === 0 ? [] : ['', ...findings]),
    '',
    `  report  ${out}/report.html`,
    `  run     ${record.run}, exit ${record.exit}`,
  ].join('\n')
}
