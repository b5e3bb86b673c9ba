import type { Json, JsonObject } from '../domain/json.ts'
import type { Shape } from '../domain/shape.ts'
import type { Target } from '../domain/target.ts'
import type { Seconds } from '../domain/time.ts'
import type { Context } from './context.ts'
import type { Need } from './preflight.ts'

/** Who asks for a lock on the platform. */
export interface LockHolder {
  readonly run: string
  /** What is drilled. */
  readonly system: string
}

/** Locks that a drill holds on the platform itself, where drills from other machines see them. */
export interface PlatformLock {
  /** In a person's words. */
  readonly what: readonly string[]
  /** Where they can be let go by whoever cleans up after this process. */
  readonly handle: JsonObject
  /**
   * Keeps them. Rejects with a DrillError when somebody else has one of them now, or may have: a renewal that merely failed on the way is
   * this lock's to bear until then. To be called every `every` seconds. Resolves with why, where somebody asks this run through the lock to
   * stop; undefined: nobody does.
   */
  renew(signal: AbortSignal): Promise<string | undefined>
  readonly every: Seconds
  /** Idempotent. */
  release(): Promise<void>
}

/** A lock on a platform as it stands in `run.json`, for whoever lets it go when its holder cannot. */
export interface HeldOnPlatform {
  readonly platform: string
  readonly handle: JsonObject
}

export interface PlatformCheck {
  readonly what: string
  readonly ok: boolean
  readonly detail: string
  /** What to type when it is not ok. */
  readonly next?: string
}

/** Where targets live. Selecting only reads. */
export interface Platform<Selector = Json> {
  readonly name: string
  readonly summary: string
  readonly selector: Shape<Selector>
  /** Whether losing this machine ends whatever was injected here, too (processes and proxies on it). */
  readonly local: boolean
  /** Everything the selector matches, now, pinned. An empty answer is an answer; caps and picks are the engine's. */
  resolve(selector: Selector, context: Context): Promise<readonly Target[]>
  /** Loads what acting needs (an SDK), so that nothing is loaded in mid-drill. */
  load?(): Promise<void>
  /** Who acts, and where the selector leads to (an account, a cluster): what consent is bound to. */
  identify?(selector: Selector, context: Context): Promise<JsonObject>
  /** Of these rights, those that are not granted, in a person's words. Reads only. */
  missing?(needs: readonly Need[], context: Context): Promise<readonly string[]>
  /** What an administrator would apply to grant exactly these rights to scheduled drills. */
  grant?(needs: readonly Need[], title: string): string
  /** Locks these on the platform. Rejects with a DrillError (refused, LOCKED) that names the run that holds one. */
  lock?(targets: readonly Target[], holder: LockHolder, context: Context): Promise<PlatformLock>
  /** The rights that `resolve` and `identify` use. */
  selectNeeds?(selector: Selector): readonly Need[]
  /** The rights that `lock` uses for these. */
  lockNeeds?(targets: readonly Target[]): readonly Need[]
  /** Lets go of what `lock` of that run took, from any process; what somebody else holds by now stays. Idempotent. */
  unlock?(handle: JsonObject, run: string, context: Context): Promise<void>
  /** What `doctor` says about it: installed, reachable, permitted. Nothing where this machine has nothing to do with it. */
  check?(context: Context): Promise<readonly PlatformCheck[]>
}

export const definePlatform = <Selector>(platform: Platform<Selector>): Platform<Selector> => platform
