import type { Fault, Mutation } from '../../../src/contracts/fault.ts'
import type { Preflight } from '../../../src/contracts/preflight.ts'
import type { Json } from '../../../src/domain/json.ts'
import type { UndoOutcome } from '../../../src/domain/undo.ts'
import type { TargetKind } from '../../../src/platforms/kubernetes/target/target.ts'
import { faults } from '../../contract/fault-suite.ts'
import type { Scene } from '../../contract/rig.ts'
import { onPlane, type Stage } from '../../contract/rigs/kubernetes/on-plane.ts'

/** One fault on one object of a namespace of its own, step by step. */
export interface Faulted extends AsyncDisposable {
  readonly stage: Stage
  readonly scene: Scene
  readonly fault: Fault
  plan(): Promise<Mutation<Json>>
  preflight(): Promise<Preflight>
  /** Plans and injects. */
  inject(): Promise<Mutation<Json>>
  undo(mutation: Mutation<Json>): Promise<UndoOutcome>
  /** What kubectl prints about the object in the namespace. */
  readonly kubectl: (...args: readonly string[]) => Promise<string>
}

export async function faulted(
  name: string,
  spec: unknown,
  target: { readonly kind: TargetKind; readonly name: string },
  set: (stage: Stage) => Promise<unknown>,
): Promise<Faulted> {
  const fault = faults.find((each) => each.name === name)
  if (!fault) throw new Error(`there is no fault ${name}`)
  const made: Stage[] = []
  const scene = await onPlane({
    what: name,
    spec,
    set: async (stage) => {
      made.push(stage)
      await set(stage)
    },
    select: () => target,
    harmed: async () => false,
  }).build()
  const [stage] = made
  if (!stage) throw new Error('the stage was not set')
  const input = () => scene.input() as never
  return {
    stage,
    scene,
    fault,
    plan: () => fault.plan(input(), scene.context()),
    preflight: async () => (await fault.preflight?.([input()], scene.context())) ?? { refusals: [], warnings: [], needs: [] },
    async inject() {
      const asked = input()
      const mutation = await fault.plan(asked, scene.context())
      await fault.inject(asked, mutation, scene.context())
      return mutation
    },
    undo: ({ undo }) => fault.undo(undo, scene.context()),
    kubectl: (...args) => stage.plane.kubectl('-n', stage.namespace, ...args),
    [Symbol.asyncDispose]: () => scene[Symbol.asyncDispose](),
  }
}
