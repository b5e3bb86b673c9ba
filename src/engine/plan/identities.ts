import type { Context } from '../../contracts/context.ts'
import type { Registry } from '../../contracts/registry.ts'
import type { Experiment } from '../../domain/experiment.ts'
import type { Json, JsonObject } from '../../domain/json.ts'

/** Who acts and where, per target that is named, as far as its platform tells: consent to one cluster is none to another. */
export async function identify(experiment: Experiment, names: Iterable<string>, registry: Registry, context: Context): Promise<JsonObject> {
  const found = await Promise.all(
    [...names].map(async (name): Promise<readonly (readonly [string, Json])[]> => {
      const declared = experiment.targets[name]
      const identity = declared && (await registry.platforms.get(declared.platform)?.identify?.(declared.selector, context))
      return identity ? [[name, identity]] : []
    }),
  )
  const entries = found.flat()
  return entries.length === 0 ? {} : { targets: Object.fromEntries(entries) }
}
