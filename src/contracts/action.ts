import type { Json } from '../domain/json.ts'
import type { Shape } from '../domain/shape.ts'
import type { Context } from './context.ts'

/** A step that is not damage: a switchover, a restore, a rollback, a command, a person. */
export interface Action<Spec = Json> {
  readonly name: string
  readonly summary: string
  readonly parameters: Shape<Spec>
  /** What the plan prints. */
  describe(spec: Spec): string
  /** Resolves with one sentence on what it did; rejects when it failed or the signal's deadline is over. */
  perform(spec: Spec, context: Context): Promise<string>
}

export const defineAction = <Spec>(action: Action<Spec>): Action<Spec> => action
