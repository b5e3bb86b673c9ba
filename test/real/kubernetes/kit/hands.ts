import type { Context } from '../../../../src/contracts/context.ts'
import type { Fault, FaultInput, Mutation } from '../../../../src/contracts/fault.ts'
import type { Preflight } from '../../../../src/contracts/preflight.ts'
import type { Json } from '../../../../src/domain/json.ts'
import { seconds } from '../../../../src/domain/time.ts'
import type { UndoOutcome } from '../../../../src/domain/undo.ts'
import { kubernetesPlatform } from '../../../../src/platforms/kubernetes/platform.ts'
import type { Selector } from '../../../../src/platforms/kubernetes/target/select.ts'
import { testContext } from '../../../kit/context.ts'
import type { ControlPlane } from '../../parts/control-plane.ts'

/** One fault on one target, taken step by step, as the engine does it. */
export interface Hand<Spec, Undo extends Json> {
  readonly input: FaultInput<Spec>
  readonly context: Context
  readonly preflight: () => Promise<Preflight>
  readonly plan: () => Promise<Mutation<Undo>>
  readonly inject: (mutation: Mutation<Undo>) => Promise<void>
  readonly undo: (mutation: Mutation<Undo>) => Promise<UndoOutcome>
}

export interface HandOptions {
  readonly longest?: number
  readonly kubeconfig?: string
  readonly run?: string
}

let tokens = 0

/** Of the first target by name. */
export async function hand<Spec, Undo extends Json>(
  plane: ControlPlane,
  fault: Fault<Spec, Undo>,
  selector: Partial<Selector>,
  spec: Spec,
  { longest = 60, kubeconfig = plane.kubeconfig, run = 'run' }: HandOptions = {},
): Promise<Hand<Spec, Undo>> {
  const env = { KUBECONFIG: kubeconfig, PATH: process.env['PATH'] }
  const context = testContext('', plane.folder, { env, run })
  const found = await kubernetesPlatform.resolve({ kind: 'pod', system: false, daemonSets: false, ...selector }, context)
  const [target] = found.toSorted((a, b) => a.label.localeCompare(b.label))
  if (!target) throw new Error('nothing is selected')
  const input: FaultInput<Spec> = { spec, target, token: `${run}/h${tokens++}#1/0`, longest: seconds(longest), random: () => 0.5 }
  const nothing: Preflight = { refusals: [], warnings: [], needs: [] }
  return {
    input,
    context,
    preflight: async () => (await fault.preflight?.([input], context)) ?? nothing,
    plan: () => fault.plan(input, context),
    inject: (mutation) => fault.inject(input, mutation, context),
    undo: async (mutation) => {
      if (mutation.undo === null) throw new Error(`${fault.name} has no undo`)
      // Through JSON, as a record is kept.
      return fault.undo(JSON.parse(JSON.stringify(mutation.undo)) as Undo, context)
    },
  }
}

export const codesOf = (all: readonly { readonly code: string }[]): readonly string[] => all.map(({ code }) => code)
