import type { Json } from '../domain/json.ts'
import type { Shape } from '../domain/shape.ts'
import type { Target } from '../domain/target.ts'
import type { Context } from './context.ts'

/** Where targets live. Selecting only reads. */
export interface Platform<Selector = Json> {
  readonly name: string
  readonly summary: string
  readonly selector: Shape<Selector>
  /** Whether losing this machine ends whatever was injected here, too (processes and proxies on it). */
  readonly local: boolean
  /** Everything the selector matches, now, pinned. An empty answer is an answer; caps and picks are the engine's. */
  resolve(selector: Selector, context: Context): Promise<readonly Target[]>
  /** What `doctor` says about it: installed, reachable, permitted. */
  check?(context: Context): Promise<readonly { readonly what: string; readonly ok: boolean; readonly detail: string }[]>
}

export const definePlatform = <Selector>(platform: Platform<Selector>): Platform<Selector> => platform
