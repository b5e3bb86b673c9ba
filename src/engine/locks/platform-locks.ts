import type { Context } from '../../contracts/context.ts'
import type { HeldOnPlatform, Platform, PlatformLock } from '../../contracts/platform.ts'
import type { Registry } from '../../contracts/registry.ts'
import { describe } from '../../domain/error.ts'
import type { Plan } from '../../domain/plan.ts'
import type { Target } from '../../domain/target.ts'

export interface PlatformLocks extends AsyncDisposable {
  readonly held: readonly HeldOnPlatform[]
}

/** The platforms whose targets a plan names, as far as this version knows them. */
export function platformsOf(plan: Plan, registry: Pick<Registry, 'platforms'>): readonly Platform[] {
  const names = new Set(targetsOf(plan).map(({ platform }) => platform))
  return [...registry.platforms.values()].filter(({ name }) => names.has(name))
}

const targetsOf = ({ faults }: Plan): readonly Target[] =>
  faults.flatMap(({ targets }) => targets.flatMap(({ target }) => (target ? [target] : [])))

/**
 * Locks the plan's targets on every platform that can hold a lock, all or none, and keeps them until disposed. `on.lost` is called
 * when one is in other hands, or when it could not be renewed for so long that it may be; `on.stop` when somebody asks through it. Rejects with a DrillError (refused, LOCKED).
 */
export async function lockPlatforms(
  plan: Plan,
  system: string,
  registry: Pick<Registry, 'platforms'>,
  context: Context,
  on: { readonly lost: (why: string) => void; readonly stop: (why: string) => void },
): Promise<PlatformLocks> {
  await using held = new AsyncDisposableStack()
  const all: HeldOnPlatform[] = []
  for (const platform of platformsOf(plan, registry)) {
    const targets = targetsOf(plan).filter((target) => target.platform === platform.name)
    const lock = await platform.lock?.(targets, { run: context.run, system }, context)
    if (!lock) continue
    held.defer(() =>
      lock.release().catch((error: unknown) => context.note(`${lock.what.join(', ')} is left to expire: ${describe(error)}`)),
    )
    held.use(keep(lock, on))
    all.push({ platform: platform.name, handle: lock.handle })
  }
  const kept = held.move()
  return { held: all, [Symbol.asyncDispose]: () => kept.disposeAsync() }
}

/** Renews it; a renewal that fails is tried again in its next turn, and a lock that somebody else has is lost. */
function keep(lock: PlatformLock, on: Parameters<typeof lockPlatforms>[4]): Disposable {
  const ending = new AbortController()
  let busy = false
  const timer = setInterval(() => {
    if (busy) return
    busy = true
    lock
      .renew(AbortSignal.any([ending.signal, AbortSignal.timeout(lock.every * 2000)]))
      .then((why) => {
        if (why !== undefined) on.stop(why)
      })
      .catch((error: unknown) => {
        if (!ending.signal.aborted) on.lost(describe(error))
      })
      .finally(() => {
        busy = false
      })
  }, lock.every * 1000)
  timer.unref()
  return {
    [Symbol.dispose]: () => {
      clearInterval(timer)
      ending.abort()
    },
  }
}

/** Lets go, from any process, of what a run holds on platforms. Never rejects. */
export async function unlockPlatforms(
  held: readonly HeldOnPlatform[],
  registry: Pick<Registry, 'platforms'>,
  context: Context,
): Promise<void> {
  for (const { platform, handle } of held)
    await registry.platforms
      .get(platform)
      ?.unlock?.(handle, context.run, context)
      .catch((error: unknown) => context.note(`a lock on ${platform} is left to expire: ${describe(error)}`))
}
