import { describe } from '../../domain/error.ts'
import { rows, served } from '../../domain/sample.ts'
import { type Instant, seconds } from '../../domain/time.ts'
import { isAbort } from './abort/latch.ts'
import type { Drill } from './drill.ts'
import type { Baseline } from './steps/effect.ts'
import { failBack } from './steps/failback.ts'
import { type Acting, type FaultEnd, runFault } from './steps/fault.ts'
import { steadyState } from './steps/gate.ts'
import { closeLedgers, readDuring } from './steps/ledgers.ts'
import { createJudgement, type Judgement, needsWholeFault } from './steps/observe.ts'
import { createBegun, perform, untilDue } from './steps/schedule.ts'
import { type Spare, watchSpare } from './steps/spare.ts'

const POLL = seconds(0.02)

/**
 * From the baseline to the last read of the ledgers. Never rejects: whatever goes wrong is an abort in the journal, and everything that was
 * injected is undone in reverse order before it returns.
 */
export async function live(drill: Drill, judgement: Judgement = createJudgement(drill)): Promise<void> {
  using scope = new DisposableStack()
  scope.use(judgement)
  const open = new Set<string>()
  const baselines = countBaselines(drill)
  let home: Home | null = null
  try {
    drill.phase('baseline')
    await drill.clock.sleep(drill.experiment.load?.ramp ?? seconds(0), drill.abort.signal)
    const gate = await steadyState(drill)
    baselines[Symbol.dispose]()
    await drill.log.commit({ kind: 'gate', ...gate })
    if (gate.held) {
      const injected = drill.clock.now()
      home = { spare: scope.use(watchSpare(drill, injected)), injected }
      await injectAndObserve(drill, judgement, open, baselines.of)
    }
  } catch (error) {
    if (!isAbort(drill.abort.signal, error)) drill.abort.trip('error', describe(error))
  }
  await comeHome(drill, open, home)
}

/** What the way home is told from. */
interface Home {
  readonly spare: Spare | null
  /** Just before the first injection. */
  readonly injected: Instant
}

/** `home` null: nothing was injected. */
async function comeHome(drill: Drill, open: ReadonlySet<string>, home: Home | null): Promise<void> {
  drill.observer.disarm()
  if (home) {
    drill.phase('undo')
    await drill.undo.run([...open])
  }
  try {
    if (home && !drill.abort.signal.aborted) {
      drill.phase('failback')
      await failBack(drill, home.spare, home.injected)
    }
  } catch (error) {
    if (!isAbort(drill.abort.signal, error)) drill.abort.trip('error', describe(error))
  }
  drill.phase('verify')
  await closeLedgers(drill)
}

/** Good and bad of every probe from the start to the end of the baseline: what the affected share of a partial fault is held against. */
function countBaselines(drill: Drill): Disposable & { readonly of: (probe: string) => Baseline } {
  const counts = new Map<string, { bad: number; judged: number }>()
  const listening = drill.feed.onSamples((probe, block) => {
    const count = counts.get(probe) ?? { bad: 0, judged: 0 }
    counts.set(probe, count)
    for (const { outcome } of rows(block)) {
      const good = served(outcome)
      if (good === undefined) continue
      count.judged += 1
      if (!good) count.bad += 1
    }
  })
  return { of: (probe) => counts.get(probe) ?? { bad: 0, judged: 0 }, [Symbol.dispose]: () => listening[Symbol.dispose]() }
}

async function injectAndObserve(drill: Drill, judgement: Judgement, open: Set<string>, baseline: Acting['baseline']): Promise<void> {
  const judged = new AbortController()
  const begun = createBegun()
  const acting: Acting = { start: drill.clock.now(), begun, judgement, judged: judged.signal, open, settled: new Set(), baseline }
  drill.phase('inject')
  drill.observer.arm()
  const faults = drill.experiment.faults.map((declared) => watchEnd(runFault(drill, declared, acting)))
  const actions = drill.experiment.actions.map(async (declared) => {
    await untilDue(drill, declared.when, acting.start, begun)
    begun.mark(declared.name)
    await perform(drill, declared)
  })
  const acted = watchEnd(Promise.all(actions))
  void Promise.all(drill.experiment.faults.map(({ name }) => begun.when(name))).then(() => drill.phase('observe'))
  try {
    const why = await observe(drill, acting, faults, acted)
    if (why !== 'no-effect') await readDuring(drill)
    drill.log.append({ kind: 'judgeable', detail: why })
  } finally {
    judged.abort()
    await Promise.allSettled([...faults.map(({ promise }) => promise), acted.promise])
  }
}

interface Watched<T> {
  readonly promise: Promise<T>
  readonly end: () => { readonly value: T } | null
  readonly error: () => unknown
}

/** A promise that can be looked at. */
function watchEnd<T>(promise: Promise<T>): Watched<T> {
  let end: { readonly value: T } | null = null
  let failure: unknown
  promise.then(
    (value) => {
      end = { value }
    },
    (error: unknown) => {
      failure = error
    },
  )
  return { promise, end: () => end, error: () => failure }
}

/** Ends when everything can be judged, every fault's time is over, or one did not bite. Rejects on abort and on a failed injection. */
async function observe(
  drill: Drill,
  { judgement, settled }: Acting,
  faults: readonly Watched<FaultEnd>[],
  acted: Watched<unknown>,
): Promise<'judged' | 'time' | 'no-effect'> {
  const declared = drill.experiment.faults
  const whole = declared.some((fault) => fault.for !== undefined) && needsWholeFault(drill.experiment.objectives)
  for (;;) {
    drill.abort.signal.throwIfAborted()
    for (const { error } of [...faults, acted]) if (error() !== undefined) throw error()
    const ends = faults.flatMap(({ end }) => end()?.value ?? [])
    if (ends.includes('no-effect')) return 'no-effect'
    if (acted.end()) {
      if (ends.length === declared.length && ends.every((end) => end === 'lifted')) return 'time'
      if (!whole && settled.size === declared.length && judgement.waitsFor(drill.clock.now()) === null) return 'judged'
    }
    await drill.clock.sleep(POLL, drill.abort.signal)
  }
}
