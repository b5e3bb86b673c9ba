import type { Context } from '../../contracts/context.ts'
import type { Fault, FaultInput } from '../../contracts/fault.ts'
import { namespaceOf } from '../../contracts/ledger.ts'
import type { Preflight } from '../../contracts/preflight.ts'
import type { Registry } from '../../contracts/registry.ts'
import { DrillError, describe, OutsideError, refused } from '../../domain/error.ts'
import type { Experiment, FaultDecl } from '../../domain/experiment.ts'
import type { JsonObject } from '../../domain/json.ts'
import type { Plan, PlannedFault, PlannedTarget, PlanWarning } from '../../domain/plan.ts'
import { seeded, seedOf } from '../../domain/random.ts'
import type { Target } from '../../domain/target.ts'
import { canonical, sha256 } from '../hash.ts'
import { expectedOf, infeasible, resolutionOf } from './feasible.ts'
import { identify } from './identities.ts'
import { blastOf, collisions, overLimits, type Touched } from './limits.ts'
import { checkRights, loadNeeds, lockNeeds, noPreflight, observeNeeds, selectNeeds, storeNeeds } from './rights.ts'
import { type ResolvedTargets, resolveTargets } from './targets.ts'
import { insideWindows } from './window.ts'

export interface PlanInput {
  readonly experiment: Experiment
  readonly source: { readonly file: string; readonly text: string }
  /** Variables that were given or set in the file, as they were used; not those that a sandbox exports. */
  readonly vars: Readonly<Record<string, string>>
  readonly identities: JsonObject
  readonly version: string
  readonly registry: Registry
  readonly context: Context
}

/** Reads everything, changes nothing: what would be touched, how, and how it would be undone. */
export async function makePlan(input: PlanInput): Promise<Plan> {
  const { experiment, registry, context } = input
  const targets = await resolveTargets(experiment, targetNames(experiment), registry, context)
  const planned = await Promise.all(experiment.faults.map((declared) => planFault(declared, targets, input)))
  const faults = planned.map(({ fault }) => fault)
  const preflights = planned.map(({ preflight }) => preflight)
  const rights = await checkRights(
    [
      ...selectNeeds(experiment, targets.keys(), registry),
      ...preflights.flatMap(({ needs }) => needs),
      ...lockNeeds(faults, registry),
      ...loadNeeds(experiment, registry),
      ...observeNeeds(experiment, registry),
      ...storeNeeds(experiment, registry),
    ],
    registry,
    experiment.title,
    context,
  )
  const identities = { ...input.identities, ...(await identify(experiment, targets.keys(), registry, context)) }
  const touched = faults.flatMap((fault): Touched[] =>
    fault.targets.map(({ target }) => ({ fault: fault.name, target, composes: registry.faults.get(fault.fault)?.composes ?? false })),
  )
  const population = experiment.limits.percent && targets.get(experiment.limits.percent.of)
  const blast = blastOf(experiment, touched, population)
  const load = await planLoad(input)
  const feasible = infeasible(experiment)
  const expected = expectedOf(experiment)
  return {
    hash: planHash({ ...input, identities }, faults),
    version: input.version,
    experiment,
    source: { file: input.source.file, sha256: sha256(input.source.text) },
    faults,
    actions: plannedActions(experiment, registry),
    ledgers: plannedLedgers(experiment, registry, context.run),
    load: load && { kind: load.kind, engine: load.engine },
    identities,
    grants: rights.grants,
    blast,
    resolution: resolutionOf(experiment),
    expected,
    warnings: [
      ...feasible.warnings,
      ...(load?.warnings ?? []),
      ...preflights.flatMap(({ warnings }) => warnings),
      ...unprovable(experiment, faults),
    ],
    refusals: [
      ...preflights.flatMap(({ refusals }) => refusals),
      ...rights.refusals,
      ...overLimits(experiment, blast),
      ...collisions(touched),
      ...feasible.refusals,
      ...outOfTime(experiment, expected, context),
      ...stranded(experiment, faults, input),
    ],
  }
}

function targetNames(experiment: Experiment): readonly string[] {
  const named = experiment.faults.flatMap((fault) => (fault.target === undefined ? [] : [fault.target]))
  return experiment.limits.percent ? [...named, experiment.limits.percent.of] : named
}

interface Planned {
  readonly fault: PlannedFault
  readonly preflight: Preflight
}

async function planFault(declared: FaultDecl, targets: ReadonlyMap<string, ResolvedTargets>, input: PlanInput): Promise<Planned> {
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

const inputOf = (declared: FaultDecl, target: Target | null, index: number, { context, experiment }: PlanInput) =>
  faultInput(declared, target, `${context.run}/${declared.name}#1/${index}`, experiment)

async function planTarget(
  fault: Fault,
  declared: FaultDecl,
  asked: FaultInput<FaultDecl['spec']>,
  input: PlanInput,
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

export const kindOf = (fault: Fault, declared: FaultDecl): PlannedFault['kind'] => fault.kindOf?.(declared.spec) ?? fault.kind

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

function plannedActions(experiment: Experiment, registry: Registry): Plan['actions'] {
  return [...experiment.actions, ...(experiment.failback?.do ?? [])].map(({ name, action, spec }) => {
    const known = registry.actions.get(action)
    if (!known) throw refused(`Action ${action} is not in this version.`, 'ACTION_UNKNOWN', ['firedrill catalog'])
    return { name, call: known.describe(spec) }
  })
}

function plannedLedgers(experiment: Experiment, registry: Registry, run: string): Plan['ledgers'] {
  return Object.values(experiment.ledgers).map(({ name, kind, spec }) => {
    const known = registry.ledgers.get(kind)
    if (!known) throw refused(`Ledger ${kind} is not in this version.`, 'LEDGER_UNKNOWN', ['firedrill catalog'])
    return { name, ...known.footprint(spec, namespaceOf(run, name)) }
  })
}

async function planLoad({ experiment, registry, context }: PlanInput) {
  if (!experiment.load) return null
  const { kind, spec } = experiment.load
  const known = registry.loads.get(kind)
  if (!known) throw refused(`Load ${kind} is not in this version.`, 'LOAD_UNKNOWN', ['firedrill catalog'])
  const { engine, warnings } = await known.check(spec, context)
  return { kind, engine, warnings: warnings.map((text): PlanWarning => ({ code: 'LOAD', text })) }
}

function outOfTime(experiment: Experiment, expected: Plan['expected'], context: Context): readonly PlanWarning[] {
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
function stranded(experiment: Experiment, faults: readonly PlannedFault[], { registry, context }: PlanInput): readonly PlanWarning[] {
  if (!context.env['CI']) return []
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
function unprovable(experiment: Experiment, faults: readonly PlannedFault[]): readonly PlanWarning[] {
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

/**
 * What consent binds: the file, its variables, who and where, selectors, caps, kinds and the version. Resolved ids are not in it (pods
 * churn); injection refuses what leaves the approved selector, count or identity. Nothing that a sandbox exports is in it.
 */
function planHash({ experiment, source, vars, identities, version }: PlanInput, faults: readonly PlannedFault[]): string {
  return sha256(
    canonical({
      text: sha256(source.text),
      vars,
      identities,
      version,
      limits: { targets: experiment.limits.targets, max: experiment.limits.percent?.max, duration: experiment.limits.duration },
      faults: faults.map(({ name, fault, kind, targets }) => ({ name, fault, kind, count: targets.length })),
    }),
  )
}
