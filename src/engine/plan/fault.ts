import type { Context } from '../../contracts/context.ts'
import type { Fault, FaultInput } from '../../contracts/fault.ts'
import type { Preflight } from '../../contracts/preflight.ts'
import type { Registry } from '../../contracts/registry.ts'
import { DrillError, describe, OutsideError, refused } from '../../domain/error.ts'
import type { Experiment, FaultDecl } from '../../domain/experiment.ts'
import type { PlannedFault, PlannedTarget } from '../../domain/plan.ts'
import { seeded, seedOf } from '../../domain/random.ts'
import type { Target } from '../../domain/target.ts'
import { noPreflight } from './rights.ts'
import type { ResolvedTargets } from './targets.ts'

/** What planning a fault reads. */
export interface FaultPlanning {
  readonly experiment: Experiment
  readonly registry: Registry
  readonly context: Context
}

export interface Planned {
  readonly fault: PlannedFault
  readonly preflight: Preflight
}

/** One fault on all its targets, from reads alone. */
export async function planFault(
  declared: FaultDecl,
  targets: ReadonlyMap<string, ResolvedTargets>,
  input: FaultPlanning,
): Promise<Planned> {
  const fault = faultOf(input.registry, declared)
  const chosen: readonly (Target | null)[] = declared.target === undefined ? [null] : (targets.get(declared.target)?.chosen ?? [])
  const inputs = chosen.map((target, index) => inputOf(declared, target, index, input))
  const planned = await Promise.all(inputs.map((asked) => planTarget(fault, declared, asked, input)))
  const preflight = (await fault.preflight?.(inputs, input.context)) ?? noPreflight
  return { fault: describeFault(fault, declared, planned), preflight }
}

function describeFault(fault: Fault, declared: FaultDecl, planned: readonly PlannedTarget[]): PlannedFault {
  return {
    name: declared.name,
    fault: declared.fault,
    kind: kindOf(fault, declared),
    undoFrom: fault.undoFrom,
    undoHow: fault.undoHow,
    effectHow:
      declared.effect?.probe === undefined ? fault.effectHow : `probe "${declared.effect.probe}" becomes ${declared.effect.becomes}`,
    permissions: fault.permissions,
    needsProbe: fault.needsProbe ?? false,
    targets: planned,
  }
}

const inputOf = (declared: FaultDecl, target: Target | null, index: number, { context, experiment }: FaultPlanning) =>
  faultInput(declared, target, `${context.run}/${declared.name}#1/${index}`, experiment)

async function planTarget(
  fault: Fault,
  declared: FaultDecl,
  asked: FaultInput<FaultDecl['spec']>,
  input: FaultPlanning,
): Promise<PlannedTarget> {
  const { target } = asked
  try {
    const { call, command, prior } = await fault.plan(asked, input.context)
    return { target, label: target?.label ?? declared.name, call, command, prior }
  } catch (error) {
    throw refused(
      `"${declared.name}" cannot be planned on ${target?.label ?? 'its target'}: ${describe(error)}`,
      'PLAN_FAILED',
      error instanceof DrillError || error instanceof OutsideError ? error.next : [],
      error,
    )
  }
}

/** The fault behind a declaration; a kind that is only known by name refuses. */
export function faultOf(registry: Registry, declared: FaultDecl): Fault {
  const fault = registry.faults.get(declared.fault)
  if (!fault) throw refused(`Fault ${declared.fault} is not in this version.`, 'FAULT_UNKNOWN', ['firedrill catalog'])
  return fault
}

const kindOf = (fault: Fault, declared: FaultDecl): PlannedFault['kind'] => fault.kindOf?.(declared.spec) ?? fault.kind

/** What a fault is asked to do; the token and the random picks are the same for the same drill, occurrence and target. */
export function faultInput(
  declared: FaultDecl,
  target: Target | null,
  token: string,
  { seed, limits }: Pick<Experiment, 'seed' | 'limits'>,
): FaultInput<FaultDecl['spec']> {
  return {
    spec: declared.spec,
    target,
    ...(declared.for !== undefined && { for: declared.for }),
    longest: declared.for ?? limits.duration,
    ...(declared.percent !== undefined && { percent: declared.percent }),
    token,
    random: seeded(seed ^ seedOf(token)),
  }
}
