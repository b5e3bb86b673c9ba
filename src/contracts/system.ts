import type { JsonObject } from '../domain/json.ts'

/** A system that firedrill brings up itself (the sandbox): a subject like any other, with addresses to export. */
export interface SystemUp {
  /** Names for `$NAME`. */
  readonly exports: Readonly<Record<string, string>>
  /** Where it can be found and ended when everybody else is dead. */
  readonly handle: JsonObject
  down(): Promise<void>
}

export interface System {
  readonly name: string
  readonly summary: string
  /** The names it exports, known before it is up. */
  readonly exportNames: readonly string[]
  up(options: JsonObject, at: { readonly folder: string; readonly run: string; readonly signal: AbortSignal }): Promise<SystemUp>
  /** Ends one by its handle, from any process of this machine; idempotent. */
  down(handle: JsonObject): Promise<void>
}

export const defineSystem = (system: System): System => system
