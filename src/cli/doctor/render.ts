import type { Paint } from '../host/terminal.ts'
import { table } from '../output/table.ts'
import type { Check } from './checks.ts'
import type { DoctorJson } from './examine.ts'

const fine = (value: number): string => (Math.abs(value) < 0.001 ? `${(value * 1e6).toFixed(1)} µs` : `${(value * 1000).toFixed(2)} ms`)

function sign({ ok, needed }: Check, paint: Paint): string {
  if (ok) return paint.green('ok')
  return needed ? paint.red('MISSING') : paint.yellow('absent')
}

export function renderDoctor({ fit, checks, clock, prober }: DoctorJson, paint: Paint): string {
  const rows = checks.map((check) => [
    sign(check, paint),
    check.what,
    check.next === null ? check.detail : `${check.detail}\n          try: ${check.next}`,
  ])
  const precision = [['clock', `CLOCK_MONOTONIC steps by ${fine(clock.step)}; wall against it ${fine(clock.drift)}`]]
  if (prober) {
    const missed = prober.bad + prober.missed === 0 ? '' : `, ${prober.bad} bad, ${prober.missed} missed`
    precision.push(
      [
        'prober',
        `${prober.samples} probes at ${prober.rate}/s${missed}: starts ${fine(prober.slip.p50)} late (median), ${fine(prober.slip.p99)} (99th percentile)`,
      ],
      ['', `a request on loopback takes ${fine(prober.latency)}`],
    )
  }
  const end = fit ? paint.green('This machine is fit for a drill.') : paint.red('Something that every drill needs is missing.')
  return `${table(rows)}\n\n${table(precision)}\n\n${end}`
}
