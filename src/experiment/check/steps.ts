import type { Fault, FaultKind } from '../../contracts/fault.ts'
import { formatDuration, seconds } from '../../domain/time.ts'
import { nearest, oneOf } from '../document/suggest.ts'
import type { RawFault, RawWhen } from '../language/raw.ts'
import type { Checked, Loose } from './check.ts'

interface Step {
  readonly path: string
  readonly name: string
  readonly after: string | undefined
}

const afterOf = ({ after }: Loose<RawWhen>): string | undefined => (typeof after === 'object' ? after.step : after)

function stepsOf({ raw }: Checked): readonly Step[] {
  const of = (section: 'faults' | 'actions'): readonly Step[] =>
    (raw[section] ?? []).flatMap((step, index) =>
      step?.name === undefined ? [] : [{ path: `${section}/${index}`, name: step.name, after: afterOf(step) }],
    )
  return [...of('faults'), ...of('actions')]
}

/** Names are unique, every `after` names a step, and no step waits for itself. */
export function checkOrder(checked: Checked): void {
  const { raw, report, valueAt, keyAt } = checked
  const steps = stepsOf(checked)
  const home = (raw.failback?.do ?? []).flatMap((step, index) =>
    step?.name === undefined ? [] : [{ path: `failback/do/${index}`, name: step.name, after: undefined }],
  )
  const seen = new Set<string>()
  for (const { name, path } of [...steps, ...home]) {
    if (seen.has(name)) report('error', 'DUPLICATE_NAME', valueAt(`${path}/name`), `Two faults or actions are called ${name}`)
    seen.add(name)
  }
  const names = steps.map(({ name }) => name)
  for (const { path, name, after } of steps) {
    if (after === undefined) continue
    if (!names.includes(after)) {
      report(
        'error',
        'UNDEFINED_REF',
        valueAt(`${path}/after`),
        `There is no fault or action ${after}; there is ${oneOf(names)}`,
        nearest(after, names),
      )
    } else if (waitsForItself(name, steps)) {
      report('error', 'AFTER_CYCLE', valueAt(`${path}/after`), `${name} waits for itself: ${chain(name, steps).join(' → ')}`)
    }
  }
  for (const section of ['faults', 'actions'] as const) {
    raw[section]?.forEach((step, index) => {
      if (step?.at === undefined || step.after === undefined) return
      report(
        'error',
        'AT_AND_AFTER',
        keyAt(`${section}/${index}/after`),
        `${step.name ?? 'It'} begins at a time or after another step, not both`,
      )
    })
  }
}

function chain(start: string, steps: readonly Step[]): readonly string[] {
  const path = [start]
  for (let i = 0; i <= steps.length; i++) {
    const next = steps.find(({ name }) => name === path.at(-1))?.after
    if (next === undefined) return path
    path.push(next)
    if (next === start) return path
  }
  return path
}

const waitsForItself = (name: string, steps: readonly Step[]): boolean => {
  const path = chain(name, steps)
  return path.length > 1 && path.at(-1) === name
}

/** What a fault is asked for is what it can do. */
export function checkFaults(checked: Checked): void {
  checked.raw.faults?.forEach((raw, index) => {
    const fault = checked.registry.faults.get(raw?.fault ?? '')
    if (raw === undefined || fault === undefined) return
    const path = `faults/${index}`
    checkTarget(checked, path, raw, fault)
    checkLength(checked, path, raw, fault)
    if (raw.percent !== undefined && !fault.takes.percent)
      checked.report('error', 'NO_PERCENT', checked.keyAt(`${path}/percent`), `${fault.name} cannot be partial`)
  })
}

function checkTarget({ raw: { targets }, report, has, keyAt, valueAt }: Checked, path: string, raw: Loose<RawFault>, fault: Fault): void {
  if (fault.platform === null) {
    if (raw.target !== undefined) report('error', 'NO_TARGET', keyAt(`${path}/target`), `${fault.name} takes no target; it brings its own`)
    return
  }
  const fitting = Object.entries(targets ?? {}).flatMap(([name, of]) => (of?.kind === fault.platform ? [name] : []))
  if (raw.target === undefined) {
    if (has(`${path}/target`)) return
    const message = `${raw.name ?? fault.name} has no target; ${fault.name} breaks one of the platform ${fault.platform}`
    report('error', 'FIELD_MISSING', keyAt(path), message, `target: ${fitting[0] ?? '…'}`)
    return
  }
  const kind = targets?.[raw.target]?.kind
  if (kind === undefined || kind === fault.platform) return
  const message = `${fault.name} breaks targets of ${fault.platform}; ${raw.target} is of ${kind}`
  report('error', 'WRONG_PLATFORM', valueAt(`${path}/target`), message, fitting.length === 1 ? fitting[0] : undefined)
}

/** A parameter may change the kind; one that was not read yet leaves the usual one. */
function kindOf(raw: Loose<RawFault>, fault: Fault): FaultKind {
  try {
    return fault.kindOf === undefined || raw.spec === undefined ? fault.kind : fault.kindOf(raw.spec as never)
  } catch {
    return fault.kind
  }
}

function checkLength({ raw: { limits }, report, has, keyAt, valueAt }: Checked, path: string, raw: Loose<RawFault>, fault: Fault): void {
  const kind = kindOf(raw, fault)
  const begins = raw.at ?? 0
  if (kind === 'event') {
    if (raw.for !== undefined) report('error', 'FOR_ON_EVENT', keyAt(`${path}/for`), `${fault.name} happens once; there is nothing to hold`)
  } else if (raw.repeat !== undefined) {
    const { every } = raw.repeat
    if (!has(`${path}/for`))
      report('error', 'FIELD_MISSING', keyAt(`${path}/repeat`), 'A fault that is repeated says how long each one holds', 'for: 5s')
    else if (raw.for !== undefined && every !== undefined && raw.for >= every)
      report(
        'error',
        'REPEAT_OVERLAP',
        valueAt(`${path}/for`),
        `It is repeated every ${formatDuration(seconds(every))}; each must end before the next`,
      )
  } else if (!has(`${path}/for`)) {
    report('note', 'HELD_UNTIL_JUDGED', keyAt(path), `${raw.name ?? fault.name} holds until everything could be judged`, 'for: 60s')
  }
  const last = (raw.repeat?.every ?? 0) * Math.max(0, (raw.repeat?.times ?? 1) - 1)
  const ends = begins + last + (raw.for ?? 0)
  if (limits?.duration !== undefined && ends >= limits.duration) {
    const message = `${raw.name ?? fault.name} ends ${formatDuration(seconds(ends))} after the start; limits end the drill at ${formatDuration(seconds(limits.duration))}`
    report('error', 'DOES_NOT_FIT', raw.for === undefined ? keyAt(path) : valueAt(`${path}/for`), message)
  }
}
