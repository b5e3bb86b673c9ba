import type { Experiment, FaultDecl } from '../../domain/experiment.ts'
import type { Plan, PlanWarning } from '../../domain/plan.ts'
import { formatDuration, seconds } from '../../domain/time.ts'

/** Width of a recovery edge: a probe cannot tell more finely than interval + latency bound. Seconds, per probe. */
export const resolutionOf = (experiment: Experiment): Plan['resolution'] =>
  Object.fromEntries(Object.values(experiment.probes).map((probe) => [probe.name, Number((probe.every + probe.timeout).toFixed(6))]))

/** Objectives that cannot be held, or cannot be judged, whatever the system does. */
export function infeasible(experiment: Experiment): {
  readonly refusals: readonly PlanWarning[]
  readonly warnings: readonly PlanWarning[]
} {
  const refusals: PlanWarning[] = []
  const warnings: PlanWarning[] = []
  const { rto, detection } = experiment.objectives
  if (rto) {
    const probe = experiment.probes[rto.to.probe]
    const edge = probe ? probe.every + probe.timeout : 0
    if (probe && edge > rto.within)
      refusals.push({
        code: 'RESOLUTION_INSUFFICIENT',
        text: `rto: within ${formatDuration(rto.within)} cannot be held: "${probe.name}" sees recovery to ±${formatDuration(seconds(edge))} only. Set every + timeout below ${formatDuration(seconds(rto.within / 10))}.`,
      })
    else if (probe && edge > rto.within / 10)
      warnings.push({
        code: 'RESOLUTION_COARSE',
        text: `"${probe.name}" sees recovery to ±${formatDuration(seconds(edge))}, more than a tenth of the promised ${formatDuration(rto.within)}.`,
      })
    const needed = samplesFor(rto.to.good)
    const have = probe ? Math.floor(rto.hold / probe.every) : 0
    if (probe && have < needed)
      warnings.push({
        code: 'TOO_FEW_SAMPLES_FOR_CLAIM',
        text: `A hold of ${formatDuration(rto.hold)} gives ${have} samples; "${percent(rto.to.good)} good" at 95 % confidence needs ${needed}: hold for ${formatDuration(seconds(needed * probe.every))} or probe every ${formatDuration(seconds(Math.max(0.001, Math.floor((rto.hold / needed) * 1000) / 1000)))}.`,
      })
    warnings.push(
      ...tooShort(experiment.faults, 'rto', rto.within + rto.hold, `${formatDuration(rto.within)} + ${formatDuration(rto.hold)} hold`),
    )
  }
  if (detection) warnings.push(...tooShort(experiment.faults, 'detection', detection.within, formatDuration(detection.within)))
  return { refusals, warnings }
}

/** Samples without a failure that support "at least this share" with 95 % confidence: ceil(ln 0.05 / ln r). */
function samplesFor(share: number): number {
  return share >= 1 ? 1 : Math.ceil(Math.log(0.05) / Math.log(share))
}

/** What comes after the fault was lifted is not failover: a fault shorter than the promise cannot show that it was kept to the end. */
function tooShort(faults: readonly FaultDecl[], objective: string, needed: number, text: string): readonly PlanWarning[] {
  const holding = faults.filter((fault) => fault.for !== undefined && !fault.repeat)
  const longest = Math.max(...holding.map((fault) => fault.for ?? 0))
  if (holding.length === 0 || longest >= needed || holding.length < faults.length) return []
  return [
    {
      code: 'FAULT_TOO_SHORT',
      text: `${objective}: the fault holds for ${formatDuration(seconds(longest))} at most, and ${text} is needed to judge the objective at its limit.`,
    },
  ]
}

const percent = (share: number): string => `${Number((share * 100).toFixed(3))}%`

/** How long the drill may take at most as far as the file tells, and what that would burn of the budget if all of it were bad. */
export function expectedOf(experiment: Experiment): Plan['expected'] {
  const { rto, detection, budget } = experiment.objectives
  const begun = Math.max(0, ...experiment.faults.map((fault) => startOf(fault, experiment) + repeats(fault)))
  const judged = Math.max((rto?.within ?? 0) + (rto?.hold ?? 0), detection?.within ?? 0)
  const held = Math.max(judged, ...experiment.faults.map((fault) => fault.for ?? 0))
  const back = (experiment.failback?.within ?? 0) + (experiment.redundancy?.within ?? 0)
  const duration = experiment.steadyState.hold + (experiment.load?.ramp ?? 0) + begun + held + back
  const bad = Math.min(held, rto?.within ?? held)
  return { duration, burn: budget ? bad / ((1 - budget.slo) * budget.window) : null }
}

const repeats = (fault: FaultDecl): number => (fault.repeat ? fault.repeat.every * (fault.repeat.times - 1) : 0)

function startOf(fault: FaultDecl, experiment: Experiment): number {
  if ('at' in fault.when) return fault.when.at
  const { after, delay } = fault.when
  const other = experiment.faults.find((candidate) => candidate.name === after)
  return delay + (other ? startOf(other, experiment) : 0)
}
