import type { DrillRecord, FaultResult } from '../../domain/record.ts'
import type { DrillVerdict } from '../../domain/verdict.ts'
import { sayAt, sayMeasured, sayTarget, sayWhen, VERDICT_WORDS } from '../../reports/words.ts'
import type { Paint } from '../host/terminal.ts'
import { table } from './table.ts'
import { harmless, wrap } from './text.ts'

/** Said in a word and a sign, so that colour is never needed. */
function verdictText(verdict: DrillVerdict, paint: Paint): string {
  const { word, mark } = VERDICT_WORDS[verdict]
  const text = `${mark} ${word.toUpperCase()}`
  if (verdict === 'held') return paint.green.bold(text)
  return verdict === 'unknown' || verdict === 'refused' || verdict === 'aborted' ? paint.yellow.bold(text) : paint.red.bold(text)
}

function objectiveRows(record: DrillRecord, paint: Paint): readonly (readonly string[])[] {
  return record.objectives.map((each) => [
    each.name,
    sayTarget(each),
    sayMeasured(each.measured),
    verdictText(each.verdict, paint),
    each.verdict === 'held' ? '' : paint.dim(each.reason),
  ])
}

function faultText(fault: FaultResult, width: number): readonly string[] {
  const { effect, undo } = fault
  const proof = effect.proven
    ? `its effect is proven${effect.at === null ? '' : ` at ${sayWhen(effect.at)}`}${effect.level === 'control' ? ' (control plane only)' : ''}`
    : `no effect proven: ${effect.how}`
  const back =
    undo.state === 'not-needed'
      ? 'nothing to undo'
      : `${undo.state}${undo.verified ? ', read back' : ', not verified'}${undo.at === null ? '' : ` at ${sayAt(undo.at)}`}`
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
