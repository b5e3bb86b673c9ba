import type { Context } from '../../contracts/context.ts'
import { defineFault, type EffectSeen, type Fault, type FaultInput, type Mutation } from '../../contracts/fault.ts'
import type { Preflight } from '../../contracts/preflight.ts'
import type { Json } from '../../domain/json.ts'
import { type Seconds, seconds } from '../../domain/time.ts'
import { type Cluster, reconnect } from '../../platforms/kubernetes/api/cluster.ts'
import type { K8sObject } from '../../platforms/kubernetes/api/objects.ts'
import { injectPatch, type PatchUndo, planPatch, type Wanted } from '../../platforms/kubernetes/change/patched.ts'
import { undoPatch } from '../../platforms/kubernetes/change/put-back.ts'
import { type Found, lookAtKept } from '../../platforms/kubernetes/rights/in-the-way.ts'
import { patchNeeds } from '../../platforms/kubernetes/rights/patch-needs.ts'
import { reconcilersOf } from '../../platforms/kubernetes/rights/reconcilers.ts'
import { kindOf, type ObjectRef, objectOf, PLATFORM, type TargetKind } from '../../platforms/kubernetes/target/target.ts'

/** What one target's effect is watched with. */
export interface Scene<Spec> {
  readonly input: FaultInput<Spec>
  readonly ref: ObjectRef
  readonly cluster: Cluster
  readonly mutation: Mutation<PatchUndo>
  readonly context: Context
}

type Inherited = 'name' | 'summary' | 'parameters' | 'effectIsState' | 'effectHow' | 'undoHow' | 'needsProbe'

export interface PatchFault<Spec> extends Pick<Fault<Spec>, Inherited> {
  readonly bitesWithin?: (spec: Spec) => Seconds
  /** The kinds of objects it acts on. */
  readonly on: readonly TargetKind[]
  /** Besides reading and patching the object itself. */
  readonly permissions?: readonly string[]
  /** What it makes of the object as it is now. Throws a DrillError (refused) when that cannot be done to it. */
  readonly change: (object: K8sObject, spec: Spec, run: string) => Wanted
  /** Seen right before the injection, for the effect to be told apart from. */
  readonly witness?: (ref: ObjectRef, object: K8sObject, cluster: Cluster, context: Context, spec: Spec) => Promise<Json>
  readonly effect: (scene: Scene<Spec>) => Promise<EffectSeen>
  /** What would fight it, and rights beyond the object's own. */
  readonly preflight?: (refs: readonly ObjectRef[], spec: Spec, context: Context, found: readonly Found[]) => Promise<Preflight>
}

/** A fault that is a few fields of an object: one guarded patch there, one back, and its record on the object itself. */
export function patchFault<Spec>({ on, change, witness, effect, preflight, ...about }: PatchFault<Spec>): Fault<Spec, PatchUndo> {
  const refOf = (input: FaultInput<Spec>): ObjectRef => objectOf(input.target, ...on)
  const fault: Fault<Spec, PatchUndo> = defineFault<Spec, PatchUndo>({
    ...about,
    kind: 'state',
    platform: PLATFORM,
    takes: { percent: false },
    undoFrom: 'tag',
    permissions: [`get and patch ${on.map((kind) => kindOf({ kind }).plural).join(', ')}`, ...(about.permissions ?? [])],
    undoVersion: 1,
    async plan(input, context) {
      const ref = refOf(input)
      let seen: K8sObject | undefined
      const mutation = await planPatch(
        ref,
        (object) => {
          seen = object
          return change(object, input.spec, context.run)
        },
        context,
      )
      if (!witness || !seen) return mutation
      return { ...mutation, witness: await witness(ref, seen, await reconnect(ref.cluster, context), context, input.spec) }
    },
    inject: (input, mutation, context) => injectPatch(fault, input, mutation, context),
    async effect(input, mutation, context) {
      const ref = refOf(input)
      return effect({ input, ref, mutation, cluster: await reconnect(ref.cluster, context), context })
    },
    undo: undoPatch,
    async preflight(inputs, context) {
      const refs = inputs.map(refOf)
      const own = refs.flatMap(patchNeeds)
      const [first] = inputs
      if (!first) return { refusals: [], warnings: [], needs: own }
      const found = await lookAtKept(refs, context)
      const more = await preflight?.(refs, first.spec, context, found)
      const fought = found.flatMap(({ ref, object }) =>
        reconcilersOf(
          ref,
          object,
          change(object, first.spec, context.run).edits.map(({ path }) => path),
        ),
      )
      return { refusals: more?.refusals ?? [], warnings: [...fought, ...(more?.warnings ?? [])], needs: [...own, ...(more?.needs ?? [])] }
    },
  })
  return fault
}

const POLL = seconds(0.05)

/** For effects that are the very state that was set: read back until it is there. */
export async function readBackState<Spec>(
  { ref, cluster, context }: Scene<Spec>,
  isSo: (object: K8sObject) => boolean,
  how: string,
  more: (object: K8sObject) => string = () => '',
): Promise<EffectSeen> {
  for (let lo: number = context.clock.now(); !context.signal.aborted; ) {
    const looked = context.clock.now()
    const object = await cluster.find(kindOf(ref), ref.namespace ?? undefined, ref.name, context).catch(() => undefined)
    if (object && isSo(object)) {
      const said = [how, more(object)].filter((part) => part !== '').join('; ')
      return { proven: true, level: 'control', at: { lo, hi: context.clock.now() }, how: said }
    }
    if (object) lo = looked
    await context.clock.sleep(POLL, context.signal).catch(() => undefined)
  }
  return { proven: false, level: 'control', at: null, how: `not: ${how}` }
}
