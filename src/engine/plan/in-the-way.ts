import type { Context } from '../../contracts/context.ts'
import type { Registry } from '../../contracts/registry.ts'
import type { Experiment } from '../../domain/experiment.ts'
import type { Plan, PlannedFault, PlanWarning } from '../../domain/plan.ts'
import { insideWindows } from './window.ts'

/** It would take longer than it may, or than its windows are open. */
export function outOfTime(experiment: Experiment, expected: Plan['expected'], context: Context): readonly PlanWarning[] {
  const found: PlanWarning[] = []
  if (expected.duration > experiment.limits.duration)
    found.push({
      code: 'TOO_LONG',
      text: `The drill may take ${Math.ceil(expected.duration)}s; limits.duration allows ${Math.floor(experiment.limits.duration)}s.`,
    })
  if (!insideWindows(experiment.windows, context.clock.wall(), experiment.limits.duration))
    found.push({
      code: 'OUTSIDE_WINDOW',
      text: `The whole drill (up to ${Math.floor(experiment.limits.duration)}s, undo included) does not fit into any of its windows now.`,
    })
  return found
}

/** Where nobody sits at the machine, a fault whose undo lives on this machine alone must end with the machine. */
export function stranded(
  experiment: Experiment,
  faults: readonly PlannedFault[],
  registry: Registry,
  { env }: Pick<Context, 'env'>,
): readonly PlanWarning[] {
  if (!env['CI']) return []
  return faults
    .filter(
      ({ kind, undoFrom, fault }) =>
        kind === 'state' && undoFrom === 'here' && !isLocal(registry, fault) && experiment.undoStore === undefined,
    )
    .map(({ name, fault }) => ({
      code: 'UNDO_HERE_ONLY',
      text: `"${name}" (${fault}) holds until it is undone and its undo record would be on this machine only: name an undoStore to run it in CI.`,
    }))
}

/** A fault that only a client can see needs one that looks. */
export function unprovable(experiment: Experiment, faults: readonly PlannedFault[]): readonly PlanWarning[] {
  return faults
    .filter(({ name, needsProbe }) => needsProbe && experiment.faults.find((each) => each.name === name)?.effect?.probe === undefined)
    .map(({ name, fault }) => ({
      code: 'EFFECT_NEEDS_PROBE',
      text: `"${name}" (${fault}) shows only where clients are: name the probe that sees it, effect: {probe: NAME}, or the drill ends unknown.`,
    }))
}

function isLocal(registry: Registry, fault: string): boolean {
  const platform = registry.faults.get(fault)?.platform
  return platform !== null && platform !== undefined && (registry.platforms.get(platform)?.local ?? false)
}
