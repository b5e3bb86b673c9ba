import type { Context } from '../../contracts/context.ts'
import type { Need, Preflight } from '../../contracts/preflight.ts'
import type { Registry } from '../../contracts/registry.ts'
import type { Experiment } from '../../domain/experiment.ts'
import type { Plan, PlanWarning } from '../../domain/plan.ts'
import { schemeOf } from '../undo/stores.ts'

export const noPreflight: Preflight = { refusals: [], warnings: [], needs: [] }

/** Asks every platform for the rights that the drill uses on it; a right that is missing refuses, before anything is broken. */
export async function checkRights(
  needs: readonly Need[],
  registry: Registry,
  title: string,
  context: Context,
): Promise<{ readonly refusals: readonly PlanWarning[]; readonly grants: Plan['grants'] }> {
  const names = [...new Set(needs.map(({ platform }) => platform))].toSorted()
  const checked = await Promise.all(names.map((name) => checkPlatform(name, needs, registry, title, context)))
  return { refusals: checked.flatMap(({ refusals }) => refusals), grants: checked.map(({ grant }) => grant) }
}

async function checkPlatform(name: string, all: readonly Need[], registry: Registry, title: string, context: Context) {
  const platform = registry.platforms.get(name)
  const needs = all.filter((need) => need.platform === name)
  const missing = (await platform?.missing?.(needs, context)) ?? []
  return {
    refusals: missing.map((what) => ({ code: 'FORBIDDEN', text: `You may not ${what}, which this drill needs.` })),
    grant: {
      platform: name,
      rights: [...new Set(needs.map(({ what }) => what))],
      apply: platform?.grant?.(needs, title) ?? '',
    },
  }
}

/** What finding these targets takes. */
export function selectNeeds(experiment: Experiment, names: Iterable<string>, registry: Registry): readonly Need[] {
  return [...names].flatMap((name) => {
    const declared = experiment.targets[name]
    return declared ? (registry.platforms.get(declared.platform)?.selectNeeds?.(declared.selector) ?? []) : []
  })
}

/** What locking the plan's targets takes on their platforms. */
export function lockNeeds(faults: Plan['faults'], registry: Registry): readonly Need[] {
  const targets = faults.flatMap((fault) => fault.targets.flatMap(({ target }) => (target ? [target] : [])))
  return [...registry.platforms.values()].flatMap((platform) => {
    const own = targets.filter((target) => target.platform === platform.name)
    return own.length === 0 ? [] : (platform.lockNeeds?.(own) ?? [])
  })
}

/** What its traffic takes, where that is made on a platform. */
export const loadNeeds = ({ load }: Experiment, { loads }: Registry): readonly Need[] =>
  (load && loads.get(load.kind)?.needs?.(load.spec)) ?? []

/** What looking at the system takes, where that is looked at through a platform. */
export const observeNeeds = ({ probes, signals }: Experiment, registry: Registry): readonly Need[] => [
  ...Object.values(probes).flatMap(({ kind, spec }) => registry.probes.get(kind)?.needs?.(spec) ?? []),
  ...Object.values(signals).flatMap(({ kind, spec }) => registry.signals.get(kind)?.needs?.(spec) ?? []),
]

/** What keeping the undo records where the experiment wants them takes. Throws a DrillError (refused) when they cannot be kept there. */
export function storeNeeds({ undoStore }: Experiment, { undoStores }: Registry): readonly Need[] {
  const scheme = undoStore === undefined ? undefined : schemeOf(undoStore)
  return (scheme !== undefined && undoStore !== undefined && undoStores.get(scheme)?.needs?.(undoStore)) || []
}
