import type { EffectSeen, Fault, FaultInput, Mutation } from '../../../contracts/fault.ts'
import { describe } from '../../../domain/error.ts'
import type { FaultDecl } from '../../../domain/experiment.ts'
import { rows, type Sample, served } from '../../../domain/sample.ts'
import { formatDuration, type Instant, type Seconds, seconds } from '../../../domain/time.ts'
import { wilson } from '../../../measure/proportion.ts'
import { type Drill, within } from '../drill.ts'

/** How long a fault may take to bite unless it needs longer: by itself, and where the experiment speaks of its effect. */
const WITHIN = seconds(10)
const WITHIN_OF_EFFECT = seconds(30)

export interface EffectResult {
  readonly proven: boolean
  readonly affected: number
  readonly of: number
}

export interface InjectedTarget {
  readonly id: string
  readonly label: string
  readonly seen: Promise<EffectSeen>
}

/** How long this fault may take to bite. */
export const effectWithin = (fault: Fault, { effect, spec }: Pick<FaultDecl, 'effect' | 'spec'>): Seconds =>
  effect?.within ?? seconds(Math.max(effect ? WITHIN_OF_EFFECT : WITHIN, fault.bitesWithin?.(spec) ?? 0))

/** Begins to watch one target just before the injection. A watcher that fails has seen nothing. */
export function watchTarget(
  drill: Drill,
  fault: Fault,
  input: FaultInput<FaultDecl['spec']>,
  mutation: Mutation<FaultDecl['spec']>,
  deadline: AbortSignal,
): Promise<EffectSeen> {
  const signal = AbortSignal.any([drill.abort.signal, deadline])
  return fault
    .effect(input, mutation, drill.context(signal))
    .then((seen) =>
      seen.proven && seen.level === 'control' && !fault.effectIsState
        ? { ...seen, proven: false, how: `${seen.how} (only read back)` }
        : seen,
    )
    .catch((error: unknown): EffectSeen => ({ proven: false, level: 'data', at: null, how: describe(error) }))
}

/** Waits for the built-in effect of every target, journals each, and judges the share that is needed. */
export async function proveTargets(
  drill: Drill,
  declared: FaultDecl,
  occurrence: number,
  targets: readonly InjectedTarget[],
): Promise<EffectResult> {
  const seen = await Promise.all(
    targets.map(async (target) => {
      const effect = await target.seen
      drill.log.append({
        kind: 'effect',
        fault: declared.name,
        occurrence,
        target: target.label,
        ...effect,
        at: effect.proven ? effect.at : null,
      })
      return effect.proven
    }),
  )
  const affected = seen.filter(Boolean).length
  const needed = Math.ceil((declared.effect?.share ?? 1) * targets.length)
  if (affected < needed) drill.log.append({ kind: 'effect.partial', fault: declared.name, affected, of: targets.length, needed })
  return { proven: affected >= needed, affected, of: targets.length }
}

/** Counts of a probe's samples before the call, for effects that are a share. */
export interface Baseline {
  readonly bad: number
  readonly judged: number
}

/** Watches a probe of the experiment's own until it becomes what was announced; (last without, first with], never before the call. */
export async function proveByProbe(
  drill: Drill,
  declared: FaultDecl,
  probe: string,
  occurrence: number,
  called: Instant,
  limit: Seconds,
  baseline: Baseline,
): Promise<EffectResult> {
  const becomes = declared.effect?.becomes ?? 'bad'
  const fold = declared.percent === undefined ? edgeFold(called, becomes) : shareFold(called, becomes, baseline)
  const signal = within(drill, limit)
  const at = await new Promise<{ readonly lo: number; readonly hi: number } | null>((resolve) => {
    const listening = drill.feed.onSamples((name, block) => {
      if (name !== probe) return
      for (const sample of rows(block)) {
        const found = fold(sample)
        if (found) return done(found)
      }
    })
    const done = (found: { readonly lo: number; readonly hi: number } | null): void => {
      listening[Symbol.dispose]()
      signal.removeEventListener('abort', gone)
      resolve(found)
    }
    const gone = (): void => done(null)
    signal.addEventListener('abort', gone)
    if (signal.aborted) gone()
  })
  const how = at ? `probe "${probe}" became ${becomes}` : `probe "${probe}" did not become ${becomes} within ${formatDuration(limit)}`
  drill.log.append({ kind: 'effect', fault: declared.name, occurrence, target: null, proven: at !== null, level: 'data', at, how })
  return { proven: at !== null, affected: at ? 1 : 0, of: 1 }
}

type Fold = (sample: Sample) => { readonly lo: number; readonly hi: number } | null

const MICRO = 1e-6

/** The first sample of the announced kind that began after the call; bounded below by the last one of the other kind. */
function edgeFold(called: Instant, becomes: 'bad' | 'good'): Fold {
  let without: number = called
  return (sample) => {
    const good = served(sample.outcome)
    if (good === undefined) return null
    const is = good === (becomes === 'good')
    if (!is) {
      without = Math.max(without, sample.start * MICRO)
      return null
    }
    return sample.start * MICRO < called ? null : { lo: without, hi: sample.end * MICRO }
  }
}

/** A partial fault is proven when the interval of the affected share lies above the baseline's; from the call to that proof. */
function shareFold(called: Instant, becomes: 'bad' | 'good', baseline: Baseline): Fold {
  const before = wilson(baseline.bad, baseline.judged)
  let bad = 0
  let judged = 0
  return (sample) => {
    const good = served(sample.outcome)
    if (good === undefined || sample.start * MICRO < called) return null
    judged += 1
    if (!good) bad += 1
    const now = wilson(bad, judged)
    const proven = becomes === 'bad' ? now.lo > before.hi : now.hi < before.lo
    return proven ? { lo: called, hi: sample.end * MICRO } : null
  }
}
