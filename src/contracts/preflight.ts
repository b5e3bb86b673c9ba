import type { JsonObject } from '../domain/json.ts'
import type { PlanWarning } from '../domain/plan.ts'

/** One right that a drill uses: to inject, to undo, to look or to make traffic. */
export interface Need {
  readonly platform: string
  /** In a person's words: `patch deployments in shop`. */
  readonly what: string
  /** The platform's own terms, for it to check the right and to write a role from. */
  readonly data: JsonObject
}

/** What was found by reading alone before anything is approved. */
export interface Preflight {
  /** `run` would refuse. */
  readonly refusals: readonly PlanWarning[]
  readonly warnings: readonly PlanWarning[]
  readonly needs: readonly Need[]
}
