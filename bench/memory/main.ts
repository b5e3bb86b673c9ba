import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { createLiveFold } from '../../src/cli/live/state.ts'
import type { Experiment } from '../../src/domain/experiment.ts'
import { OUTCOMES, rows, type SampleBlock } from '../../src/domain/sample.ts'
import { type Instant, ratio, seconds } from '../../src/domain/time.ts'
import { createGuardrails } from '../../src/engine/observer/guardrails.ts'
import { createRecorder } from '../../src/engine/observer/recorder.ts'
import type { SampleFile } from '../../src/engine/observer/sample-file.ts'
import type { Drill } from '../../src/engine/run/drill.ts'
import { createFeed } from '../../src/engine/run/feed.ts'
import { createJudgement } from '../../src/engine/run/steps/observe.ts'
import { synthetic } from '../../test/fixtures/synthetic-drill.ts'
import { EVERY, samples } from '../kit/samples.ts'
import { inMb, inS, print } from '../kit/table.ts'

/**
 * What a long drill keeps while it runs: samples at 1,000 a second go through all that a drill hands them to (recorder and guardrails of the
 * observer's thread; feed, judgement and live view of the main one), and the heap is looked at after a full collection.
 * `node bench/memory/main.ts [samples]`
 */
const LIMIT = 2 * 2 ** 20
const COUNT = Number(process.argv[2] ?? 10_000_000)
const STEP = COUNT / 10

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void
const heap = (): number => {
  collect()
  return process.memoryUsage().heapUsed
}

/** The disk keeps what it is given; here it is only memory that counts. */
const nowhere: SampleFile = { add: () => {}, flush: () => Promise.resolve(), close: () => Promise.resolve() }

const { plan } = synthetic({
  probes: { web: { every: seconds(EVERY / 1e6), timeout: seconds(0.3) } },
  objectives: { rto: { within: seconds(30), to: { probe: 'web', good: ratio(0.99) }, hold: seconds(10) } },
  good: 0.99,
})
const experiment: Experiment = plan.experiment
const feed = createFeed()
const live = createLiveFold(plan, 'bench')
feed.onSamples((probe, block) => live.samples(probe, block))
const judgement = createJudgement({ experiment, feed } as Drill)
judgement.effective(experiment.faults[0]?.name ?? '', 10 as Instant)
const recorder = createRecorder(nowhere, true)
const guardrails = createGuardrails(
  [{ name: 'web', probe: 'web', keep: { good: { min: ratio(0.001) } }, over: seconds(60), noData: seconds(60) }],
  Object.values(experiment.probes),
  () => {},
)
guardrails.arm(0)

function through(block: SampleBlock): void {
  for (const { planned, start, end, outcome, code } of rows(block)) {
    recorder.record(planned, start, end, outcome, code)
    guardrails.sample('web', planned, start, end, outcome)
  }
  guardrails.check((block.end[block.length - 1] ?? 0) / 1e6)
  const taken = recorder.take()
  if (taken) feed.samples('web', taken)
}

const seen: number[] = []
let fed = 0
const from = performance.now()
for (const block of samples(COUNT)) {
  through(block)
  fed += block.length
  if (fed % STEP === 0) seen.push(heap())
}
const took = (performance.now() - from) / 1000
const all = OUTCOMES.reduce((sum, outcome) => sum + recorder.counts[outcome], 0)
if (all !== COUNT) throw new Error(`${all} of ${COUNT} samples came through`)
const [first = 0, last = 0] = [seen[0], seen.at(-1)]
print(`a drill of ${(COUNT / 1000 / 3600).toFixed(1)} h at 1,000 samples/s, while it runs: ${inS(took)}`, [
  { what: 'heap after the first tenth', measured: inMb(first) },
  { what: 'heap at the end', measured: inMb(last) },
  {
    what: 'growth in nine tenths',
    measured: `${((last - first) / 1024).toFixed(0)} kB`,
    limit: `≤ ${inMb(LIMIT)}`,
    held: last - first <= LIMIT,
  },
  { what: 'waits for at the end', measured: judgement.waitsFor(seconds((COUNT * EVERY) / 1e6) as number as Instant) ?? 'nothing' },
])
