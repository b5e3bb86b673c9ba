import { namespaceOf } from '../../contracts/ledger.ts'
import type { Registry } from '../../contracts/registry.ts'
import { refused } from '../../domain/error.ts'
import type { Experiment } from '../../domain/experiment.ts'
import type { JsonObject } from '../../domain/json.ts'
import type { Plan, PlannedFault, PlanWarning } from '../../domain/plan.ts'
import { canonical, sha256 } from '../hash.ts'
import { type FaultPlanning, planFault } from './fault.ts'
import { expectedOf, infeasible, resolutionOf } from './feasible.ts'
import { identify } from './identities.ts'
import { outOfTime, stranded, unprovable } from './in-the-way.ts'
import { blastOf, collisions, overLimits, type Touched } from './limits.ts'
import { checkRights, loadNeeds, lockNeeds, observeNeeds, selectNeeds, storeNeeds } from './rights.ts'
import { resolveTargets } from './targets.ts'

export interface PlanInput extends FaultPlanning {
  readonly source: { readonly file: string; readonly text: string }
  /** Variables that were given or set in the file, as they were used; not those that a sandbox exports. */
  readonly vars: Readonly<Record<string, string>>
  readonly identities: JsonObject
  readonly version: string
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
      ...stranded(experiment, faults, registry, context),
    ],
  }
}

function targetNames(experiment: Experiment): readonly string[] {
  const named = experiment.faults.flatMap((fault) => (fault.target === undefined ? [] : [fault.target]))
  return experiment.limits.percent ? [...named, experiment.limits.percent.of] : named
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
