import type { JsonObject } from '../../domain/json.ts'
import type { SandboxOptions } from '../options.ts'

export interface SupervisorConfig {
  readonly dir: string
  readonly truth: string
  readonly options: SandboxOptions
  /** It belongs to nobody's process: only `down` and time end it. */
  readonly standing: boolean
}

/** The one line a supervisor prints. */
export type SupervisorSaid =
  | { readonly ready: true; readonly handle: JsonObject }
  | { readonly failed: string; readonly code: string; readonly next: readonly string[] }
