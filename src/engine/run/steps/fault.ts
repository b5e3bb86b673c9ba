import type { FaultDecl } from '../../../domain/experiment.ts'
import { type Instant, type Seconds, seconds } from '../../../domain/time.ts'
import type { Drill } from '../drill.ts'
import type { Baseline } from './effect.ts'
import { inject } from './inject.ts'
import type { Judgement } from './observe.ts'
import { type Begun, occurrencesOf, untilDue } from './schedule.ts'

/** What the faults of a drill share while they act. */
export interface Acting {
  readonly start: Instant
  readonly begun: Begun
  readonly judgement: Judgement
  /** Aborts when everything could be judged: faults that are still held end. */
  readonly judged: AbortSignal
  /** Undo ids of what is injected and not undone yet, in the order of injection. */
  readonly open: Set<string>
  /** Names of the faults whose last occurrence is injected and proven. */
  readonly settled: Set<string>
  readonly baseline: (probe: string) => Baseline
}

/** `lifted`: its time was over and it was undone. `held`: still in place, or an event. `no-effect`: it did not bite. */
export type FaultEnd = 'lifted' | 'held' | 'no-effect'

/** A fault's own life: when it is due, inject and prove; hold it for its time or until everything is judged; as often as it repeats. */
export async function runFault(drill: Drill, declared: FaultDecl, acting: Acting): Promise<FaultEnd> {
  await untilDue(drill, declared.when, acting.start, acting.begun)
  const first = drill.clock.now()
  let end: FaultEnd = 'held'
  for (let occurrence = 1; occurrence <= occurrencesOf(declared); occurrence++) {
    const due = first + (declared.repeat?.every ?? 0) * (occurrence - 1)
    await drill.clock.sleep(Math.max(0, due - drill.clock.now()) as Seconds, drill.abort.signal)
    end = await runOccurrence(drill, declared, occurrence, acting)
    if (end === 'no-effect' || acting.judged.aborted) return end
  }
  return end
}

async function runOccurrence(drill: Drill, declared: FaultDecl, occurrence: number, acting: Acting): Promise<FaultEnd> {
  const injectedAt = drill.clock.now()
  const baseline = acting.baseline(declared.effect?.probe ?? '')
  const { undoIds, effect } = await inject(drill, declared, occurrence, baseline, acting.open)
  acting.begun.mark(declared.name)
  if (!(await effect).proven) {
    drill.log.append({ kind: 'fault.ending', fault: declared.name, occurrence, why: 'no-effect' })
    return 'no-effect'
  }
  acting.judgement.effective(declared.name, injectedAt)
  if (occurrence === occurrencesOf(declared)) acting.settled.add(declared.name)
  if (declared.for === undefined) return 'held'
  const left = seconds(Math.max(0, injectedAt + declared.for - drill.clock.now()))
  await drill.clock.sleep(left, AbortSignal.any([drill.abort.signal, acting.judged])).catch(() => {})
  if (drill.abort.signal.aborted || acting.judged.aborted) return 'held'
  drill.log.append({ kind: 'fault.ending', fault: declared.name, occurrence, why: 'time' })
  await drill.undo.run(undoIds)
  for (const id of undoIds) acting.open.delete(id)
  return 'lifted'
}
