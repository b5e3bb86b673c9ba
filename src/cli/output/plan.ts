import type { Plan, PlannedFault, PlannedTarget, PlanWarning } from '../../domain/plan.ts'
import { formatDuration, type Seconds, seconds } from '../../domain/time.ts'
import type { UndoReach } from '../../domain/undo.ts'
import type { Paint } from '../host/terminal.ts'
import { plural } from './format.ts'
import { table } from './table.ts'
import { harmless } from './text.ts'

const REACH: Readonly<Record<UndoReach, string>> = {
  here: 'here only',
  tag: 'by tag',
  store: 'by store',
  self: 'expires by itself',
}

const SHOWN_TARGETS = 12
const SHOWN_RIGHTS = 40

function targetLines(of: PlannedTarget, paint: Paint): readonly string[] {
  const prior = of.prior === null ? [] : [`        ${paint.dim('now ')} ${harmless(JSON.stringify(of.prior))}`]
  const undo = of.command === '' ? [] : [`        ${paint.dim('undo')} ${harmless(of.command)}`]
  return [`      ${harmless(of.label)}`, `        ${paint.dim('call')} ${harmless(of.call)}`, ...prior, ...undo]
}

function faultLines(fault: PlannedFault, granted: boolean, paint: Paint): readonly string[] {
  const shown = fault.targets.slice(0, SHOWN_TARGETS)
  const hidden = fault.targets.length - shown.length
  return [
    `  ${paint.bold(fault.name)}  ${fault.fault} (${fault.kind}) on ${plural(fault.targets.length, 'target')}`,
    ...shown.flatMap((target) => targetLines(target, paint)),
    ...(hidden > 0 ? [`      … and ${hidden} more (--json lists all)`] : []),
    `    ${paint.dim('effect')}  ${fault.effectHow}`,
    `    ${paint.dim('undo')}    ${REACH[fault.undoFrom]}: ${fault.undoHow}`,
    ...(fault.permissions.length > 0 && !granted ? [`    ${paint.dim('needs')}   ${fault.permissions.join(', ')}`] : []),
  ]
}

/** Its rights are listed below, exactly: what it needs in general would only say it again. */
const isGranted = ({ fault }: PlannedFault, grants: Plan['grants']): boolean =>
  grants.some(({ platform }) => fault.startsWith(`${platform}/`))

function rightLines({ grants, source }: Plan, paint: Paint): readonly string[] {
  if (grants.length === 0) return []
  const lines = grants.flatMap(({ platform, rights }) => {
    const shown = rights.slice(0, SHOWN_RIGHTS).toSorted()
    const hidden = rights.length - shown.length
    const more = hidden > 0 ? [`      … and ${hidden} more (--json lists all)`] : []
    return [`  ${paint.bold(platform)}  ${plural(rights.length, 'right')}`, ...shown.map((right) => `      ${harmless(right)}`), ...more]
  })
  return [...lines, `    ${paint.dim('grant')}  firedrill plan ${harmless(source.file)} --rbac   prints what an administrator would apply`]
}

const notes = (head: string, of: readonly PlanWarning[], colour: (text: string) => string): readonly string[] =>
  of.map(({ code, text }) => `${colour(head)} ${text} (${code})`)

const time = (value: number): string => formatDuration(seconds(Math.round(value * 1000) / 1000) satisfies Seconds)

function blastText({ blast }: Plan): string {
  const share = blast.share === null || blast.of === null ? '' : `, ${(blast.share * 100).toFixed(0)} % of ${blast.of}`
  return `${plural(blast.targets, 'target')}${share}`
}

function factRows(plan: Plan): readonly (readonly string[])[] {
  const { expected, experiment } = plan
  const resolution = Object.entries(plan.resolution).map(([probe, width]) => `${probe} ±${time(width)}`)
  return [
    ['system', 'sandbox' in experiment.system ? `the sandbox ${experiment.system.sandbox}` : experiment.system.name],
    ['blast', blastText(plan)],
    ['lasts', `about ${time(expected.duration)}, at most ${time(experiment.limits.duration)}, undo included`],
    ...(expected.burn === null ? [] : [['burns', `about ${(expected.burn * 100).toPrecision(2)} % of the error budget`]]),
    ...(resolution.length === 0 ? [] : [['sees', resolution.join(', ')]]),
    ...(plan.load === null ? [] : [['load', `${plan.load.kind} (${plan.load.engine})`]]),
    ['plan', plan.hash],
  ]
}

/** The whole plan for a person: what would be touched, how, how it comes back, and the hash that `--approve` takes. */
export function renderPlan(plan: Plan, paint: Paint): string {
  const ledgers = plan.ledgers.flatMap((ledger) => [
    `  ${paint.bold(ledger.name)}  ledger`,
    ...ledger.creates.map((line) => `      ${paint.dim('creates')} ${harmless(line)}`),
    ...ledger.removes.map((line) => `      ${paint.dim('removes')} ${harmless(line)}`),
  ])
  const actions = plan.actions.map(({ name, call }) => `  ${paint.bold(name)}  action: ${harmless(call)}`)
  return [
    paint.bold(plan.experiment.title),
    ...plan.faults.flatMap((fault) => faultLines(fault, isGranted(fault, plan.grants), paint)),
    ...actions,
    ...ledgers,
    ...rightLines(plan, paint),
    '',
    table(factRows(plan), '  '),
    ...notes('warning:', plan.warnings, paint.yellow),
    ...notes('refused:', plan.refusals, paint.red),
  ].join('\n')
}

/** What grants exactly the rights that the drill uses, one document after the other, ready to be applied. */
export const renderGrants = ({ grants }: Plan): string =>
  grants
    .map(({ apply }) => apply.trimEnd())
    .filter((text) => text !== '')
    .join('\n---\n')
