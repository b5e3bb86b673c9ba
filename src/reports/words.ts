import type { Json } from '../domain/json.ts'
import type { DrillRecord, Measured, ObjectiveResult } from '../domain/record.ts'
import type { DrillVerdict } from '../domain/verdict.ts'

/** A verdict as a person says it; the mark tells it without colour. */
export const VERDICT_WORDS: Readonly<Record<DrillVerdict, { readonly word: string; readonly mark: string }>> = {
  held: { word: 'Held', mark: '✓' },
  broken: { word: 'Broken', mark: '✗' },
  unknown: { word: 'Unknown', mark: '?' },
  aborted: { word: 'Aborted', mark: '■' },
  refused: { word: 'Refused', mark: '⊘' },
  'undo-failed': { word: 'Undo failed', mark: '‼' },
  error: { word: 'Error', mark: '!' },
}

const OBJECTIVE_WORDS: Readonly<Record<string, string>> = {
  detection: 'Detection',
  rto: 'Recovery time (RTO)',
  rpo: 'Data loss (RPO)',
  failback: 'Failback',
  redundancy: 'Redundancy restored',
  budget: 'Error budget spent',
  latency: 'Latency',
  wrong: 'Wrong answers',
}
export const objectiveWord = (name: string): string => OBJECTIVE_WORDS[name] ?? name

/** Digits that the interval's own width supports: two of it, never more than microseconds. */
function decimalsFor(width: number, value: number): number {
  if (width > 0) return Math.min(6, Math.max(0, 1 - Math.floor(Math.log10(width))))
  return Number.isInteger(value) ? 0 : Math.min(6, Math.max(0, 3 - Math.floor(Math.log10(Math.abs(value) || 1))))
}

/** What a unit is shown in: a time below a second in milliseconds, a share in percent. */
function scaleOf(unit: string, size: number): { readonly factor: number; readonly suffix: string } {
  if (unit === 's' && size < 1) return { factor: 1000, suffix: ' ms' }
  if (unit === 's') return { factor: 1, suffix: ' s' }
  if (unit === 'ratio' || unit === 'share' || unit === '1') return { factor: 100, suffix: ' %' }
  if (unit === '%') return { factor: 1, suffix: ' %' }
  return { factor: 1, suffix: unit === '' || unit === 'count' ? '' : ` ${unit}` }
}

/** `0.004, 0.012, 's'` → `4.0–12.0 ms`; both ends in one unit and with the digits that the width supports. */
export function sayInterval(lo: number, hi: number, unit: string): string {
  const { factor, suffix } = scaleOf(unit, Math.max(Math.abs(lo), Math.abs(hi)))
  const [low, high] = [lo * factor, hi * factor]
  const digits = decimalsFor(high - low, high)
  const [a, b] = [low.toFixed(digits), high.toFixed(digits)]
  return a === b ? `${b}${suffix}` : `${a}–${b}${suffix}`
}

export const sayNumber = (value: number, unit: string): string => sayInterval(value, value, unit)

/** The interval in words. A cut-off end is said, a missing number is never 0. */
export function sayMeasured(of: Measured): string {
  if ('reason' in of) return `not measured: ${of.reason}`
  if (of.lo === null && of.hi === null) return 'not measured: nothing is known'
  if (of.hi === null) return `at least ${sayNumber(of.lo ?? 0, of.unit)}`
  if (of.lo === null || of.censored === 'left') return `at most ${sayNumber(of.hi, of.unit)}`
  return sayInterval(of.lo, of.hi, of.unit)
}

/** What was promised: `≤ 30 s`. */
export function sayTarget({ target }: ObjectiveResult): string {
  return `${target.op === '<=' ? '≤' : '≥'} ${sayNumber(target.value, target.unit)}`
}

const CENSORED_WORDS = {
  left: 'below what can be resolved',
  right: 'not over when the watching ended',
  interval: 'known between two looks only',
} as const
export const sayCensored = (of: Measured): string => ('reason' in of || of.censored === null ? '' : CENSORED_WORDS[of.censored])

/** A point of the drill's clock: `+12.034 s`. */
export const sayAt = (at: number): string => `${at < 0 ? '−' : '+'}${Math.abs(at).toFixed(3)} s`
export const sayWhen = (of: { readonly lo: number; readonly hi: number } | null): string =>
  of === null ? '—' : of.hi - of.lo < 0.0005 ? sayAt(of.hi) : `${sayAt(of.lo).replace(/ s$/, '')} … ${sayAt(of.hi)}`

export interface NamedMeasure {
  readonly name: string
  readonly measured: Measured
}

/** Every measure of the record under the name a person reads, in the order of a drill. */
export function measuresOf({ measures }: DrillRecord): readonly NamedMeasure[] {
  const { detection, rta, rpa, failback, budget } = measures
  return [
    ...Object.entries(detection).map(([signal, measured]) => ({ name: `Detection by ${signal}`, measured })),
    { name: 'Recovery, from the effect (RTA)', measured: rta.incident },
    { name: 'Recovery, from the first impact', measured: rta.impact },
    { name: 'First good answer', measured: rta.first },
    { name: 'Acknowledged writes lost (RPA)', measured: rpa.lost },
    { name: 'Time span of the loss', measured: rpa.span },
    { name: 'Failback', measured: failback.time },
    { name: 'Bad time during failback', measured: failback.bad },
    { name: 'Redundancy restored', measured: failback.redundancy },
    ...(budget === null
      ? []
      : [
          { name: 'Error budget before', measured: budget.before },
          { name: 'Error budget during', measured: budget.during },
          { name: 'Error budget after', measured: budget.after },
          { name: 'Error budget spent', measured: budget.spend },
        ]),
  ]
}

/** Length of the drill on its own clock, seconds; null when no phase ended. */
export function lengthOf({ phases }: DrillRecord): number | null {
  const ends = phases.flatMap((phase) => (phase.to === null ? [phase.from] : [phase.to]))
  return ends.length === 0 ? null : Math.max(...ends)
}

/** Which load ran, and what it came to: `http: engine firedrill http, requests 699, served 550, …`. */
export const sayLoad = (load: DrillRecord['load']): string =>
  load === null ? 'none of firedrill’s own' : `${load.kind}: ${factsOf(load.detail).join(', ')}`

function factsOf(value: Json | undefined, key = ''): readonly string[] {
  if (typeof value === 'object' && value !== null) return Object.entries(value).flatMap(([name, inner]) => factsOf(inner, name))
  const shown = typeof value === 'number' && !Number.isInteger(value) ? value.toFixed(1) : String(value)
  return [`${key} ${shown}`.trim()]
}
