import type { Fault, FaultInput, Mutation } from '../../../contracts/fault.ts'
import { DrillError, describe } from '../../../domain/error.ts'
import type { FaultDecl } from '../../../domain/experiment.ts'
import type { Json } from '../../../domain/json.ts'
import type { PlannedTarget } from '../../../domain/plan.ts'
import type { Target } from '../../../domain/target.ts'
import type { UndoRecord } from '../../../domain/undo.ts'
import { EXIT } from '../../../domain/verdict.ts'
import { canonical } from '../../hash.ts'
import { faultInput, faultOf } from '../../plan/fault.ts'
import type { Drill } from '../drill.ts'
import { type Baseline, type EffectResult, effectWithin, type InjectedTarget, proveByProbe, proveTargets, watchTarget } from './effect.ts'

/** Used as the target of faults that bring their own. */
const own = (declared: FaultDecl): Target => ({ platform: 'own', id: `own:${declared.name}`, label: declared.name, data: {} })

interface Step {
  readonly target: Target
  readonly input: FaultInput<Json>
  readonly mutation: Mutation<Json>
  readonly record: UndoRecord | null
}

export interface Occurrence {
  readonly undoIds: readonly string[]
  readonly effect: Promise<EffectResult>
}

/**
 * One occurrence of a fault on all its targets: prior state read again and compared with the plan, every intent and undo record durable,
 * then the mutations, each watched from just before it. Rejects when a mutation failed; `open` names all that may have been done by then.
 */
export async function inject(
  drill: Drill,
  declared: FaultDecl,
  occurrence: number,
  baseline: Baseline,
  open: Set<string>,
): Promise<Occurrence> {
  const fault = faultOf(drill.registry, declared)
  const planned = drill.plan.faults.find(({ name }) => name === declared.name)?.targets ?? []
  const steps = await Promise.all(planned.map((target, index) => prepare(drill, fault, declared, occurrence, target, index)))
  const records = steps.flatMap(({ record }) => (record ? [record] : []))
  for (const { id } of records) open.add(id)
  await drill.undo.record(records)
  await drill.log.commit(
    ...steps.map(
      ({ target, mutation, record }) =>
        ({ kind: 'fault.intent', fault: declared.name, occurrence, target, call: mutation.call, undo: record }) as const,
    ),
  )
  const limit = effectWithin(fault, declared)
  const deadline = AbortSignal.timeout(Math.ceil(limit * 1000))
  await drill.hold()
  const called = drill.clock.now()
  const byProbe = declared.effect?.probe
  const watched = byProbe === undefined ? steps.map((step) => watch(drill, fault, step, deadline)) : []
  const effect =
    byProbe === undefined
      ? proveTargets(drill, declared, occurrence, watched)
      : proveByProbe(drill, declared, byProbe, occurrence, called, limit, baseline)
  await mutateAll(drill, fault, declared, occurrence, steps)
  return { undoIds: records.map(({ id }) => id), effect }
}

const watch = (drill: Drill, fault: Fault, { target, input, mutation }: Step, deadline: AbortSignal): InjectedTarget => ({
  id: target.id,
  label: target.label,
  seen: watchTarget(drill, fault, input, mutation, deadline),
})

async function prepare(
  drill: Drill,
  fault: Fault,
  declared: FaultDecl,
  occurrence: number,
  planned: PlannedTarget,
  index: number,
): Promise<Step> {
  const id = `${declared.name}#${occurrence}/${index}`
  const input = faultInput(declared, planned.target, `${drill.run}/${id}`, drill.experiment)
  const mutation = await fault.plan(input, drill.context(drill.abort.signal))
  if (occurrence === 1 && canonical(mutation.prior) !== canonical(planned.prior))
    throw new DrillError(`${planned.label} is no longer as it was planned; nothing was done to it.`, {
      code: 'PRIOR_STATE_CHANGED',
      exit: EXIT.refused,
      next: ['firedrill plan FILE   to see its state now'],
    })
  const target = planned.target ?? own(declared)
  return { target, input, mutation, record: recordOf(drill, fault, declared, id, target, mutation) }
}

function recordOf(
  drill: Drill,
  fault: Fault,
  declared: FaultDecl,
  id: string,
  target: Target,
  mutation: Mutation<Json>,
): UndoRecord | null {
  if (mutation.undo === null) return null
  const expires = fault.undoFrom === 'self' && declared.for !== undefined ? drill.clock.wall() + declared.for : null
  return {
    id,
    run: drill.run,
    fault: declared.name,
    kind: declared.fault,
    version: fault.undoVersion,
    target: target.label,
    data: mutation.undo,
    command: mutation.command,
    expires,
    due: drill.clock.wall() + (declared.for ?? drill.experiment.limits.duration),
  }
}

async function mutateAll(drill: Drill, fault: Fault, declared: FaultDecl, occurrence: number, steps: readonly Step[]): Promise<void> {
  const outcomes = await Promise.allSettled(
    steps.map(async ({ target, input, mutation, record }) => {
      const lo = drill.clock.now()
      await fault.inject(input, mutation, drill.context(drill.abort.signal))
      if (record) drill.undo.injected(record.id)
      drill.log.append({
        kind: 'fault.injected',
        fault: declared.name,
        occurrence,
        target: target.label,
        call: { lo, hi: drill.clock.now() },
      })
    }),
  )
  const failed = outcomes.flatMap((outcome, index) => (outcome.status === 'rejected' ? [{ index, why: describe(outcome.reason) }] : []))
  for (const { index, why } of failed)
    drill.log.append({
      kind: 'fault.failed',
      fault: declared.name,
      occurrence,
      target: steps[index]?.target.label ?? declared.name,
      why,
      maybeInjected: true,
    })
  const first = failed[0]
  if (first)
    throw new DrillError(`"${declared.name}" could not be injected on ${steps[first.index]?.target.label}: ${first.why}`, {
      code: 'INJECT_FAILED',
      exit: EXIT.aborted,
    })
}
