import type { Context } from '../../contracts/context.ts'
import type { Registry } from '../../contracts/registry.ts'
import { refused } from '../../domain/error.ts'
import type { Experiment, TargetDecl } from '../../domain/experiment.ts'
import type { Json, JsonObject } from '../../domain/json.ts'
import { pick, seeded, seedOf } from '../../domain/random.ts'
import type { Target } from '../../domain/target.ts'

export interface ResolvedTargets {
  /** After the pick, in a stable order. */
  readonly chosen: readonly Target[]
  /** What the selector matched before the pick. */
  readonly matched: number
}

/** Resolves each target that is named, once. Zero matches refuse: a drill that touches nothing proves nothing. */
export async function resolveTargets(
  experiment: Experiment,
  names: readonly string[],
  registry: Registry,
  context: Context,
): Promise<ReadonlyMap<string, ResolvedTargets>> {
  const resolved = await Promise.all(
    [...new Set(names)].map(async (name) => [name, await resolveOne(experiment, name, registry, context)] as const),
  )
  return new Map(resolved)
}

async function resolveOne(experiment: Experiment, name: string, registry: Registry, context: Context): Promise<ResolvedTargets> {
  const declared = experiment.targets[name]
  const platform = declared && registry.platforms.get(declared.platform)
  if (!declared || !platform)
    throw refused(`Target "${name}" is on ${declared?.platform ?? 'no platform'}, which this version cannot reach.`, 'PLATFORM_UNKNOWN', [
      'firedrill catalog',
    ])
  const matched = [...(await platform.resolve(declared.selector, context))].sort((a, b) => (a.id < b.id ? -1 : 1))
  if (matched.length === 0)
    throw refused(`Target "${name}" matches nothing: ${platform.name} ${saySelector(declared.selector)}.`, 'ZERO_TARGETS', [
      'firedrill plan FILE   when it is there, or its selector is corrected',
    ])
  return { chosen: pick(matched, pickCount(declared, matched.length), seeded(experiment.seed ^ seedOf(name))), matched: matched.length }
}

/** A share is rounded up to at least one: 30 % of two pods is one pod. */
function pickCount(declared: TargetDecl, matched: number): number {
  if (!declared.pick) return matched
  if ('count' in declared.pick) return Math.min(declared.pick.count, matched)
  return Math.max(1, Math.floor(declared.pick.share * matched))
}

/** As it stands in the file: `port 8080`, and not as it is kept. */
function saySelector(selector: Json): string {
  const { kind, spec } = (typeof selector === 'object' && selector !== null && !Array.isArray(selector) ? selector : {}) as JsonObject
  const said = typeof spec === 'string' || typeof spec === 'number' ? String(spec) : JSON.stringify(spec ?? selector)
  return typeof kind === 'string' ? `${kind} ${said}` : said
}
