import { join } from 'node:path'
import { parentPort, workerData } from 'node:worker_threads'
import { systemClock } from '../../contracts/clock.ts'
import type { Context } from '../../contracts/context.ts'
import type { ObserverPlan, ObserverSummary } from '../../contracts/observer.ts'
import type { Registry } from '../../contracts/registry.ts'
import { createSchedule, type Schedule } from '../../contracts/schedule.ts'
import { DrillError, describe, refused } from '../../domain/error.ts'
import type { SignalDecl } from '../../domain/experiment.ts'
import { EXIT } from '../../domain/verdict.ts'
import { createGuardrails, type Guardrails } from './guardrails.ts'
import { type RunningLoad, startLoad } from './load.ts'
import { beatNow, type ErrorData, type ObserverData, type ToMain, type ToThread } from './messages.ts'
import { createProber, type Prober } from './prober.ts'
import { createRecorder } from './recorder.ts'
import { createSampleFile } from './sample-file.ts'
import { createStalls, type Stalls } from './stall.ts'

type Kinds = Pick<Registry, 'probes' | 'signals' | 'loads'>
type Post = (message: ToMain) => void

/** One turn of the thread's housekeeping: guardrails each turn, batches every second, files every fifth. */
const TURN = 20
/** A signal that says nothing for this long has started. */
const SIGNAL_START = 2_000
/** How long requests under way are waited for at the end, seconds. */
const PATIENCE = 2

interface Running {
  readonly plan: ObserverPlan
  readonly context: Context
  readonly post: Post
  readonly schedule: Schedule
  readonly guardrails: Guardrails
  readonly probers: readonly Prober[]
  readonly closing: readonly (() => Promise<void>)[]
  readonly load: RunningLoad | null
  readonly abort: AbortController
  readonly stalls: Stalls
}

/** The observer's thread: opens every session of the plan, samples until it is told to stop, and answers the main thread. */
export async function serveObserver(kinds: Kinds): Promise<void> {
  const port = parentPort
  if (!port) throw new Error('the observer runs on a thread of its own')
  const { plan, beat } = workerData as ObserverData
  const post: Post = (message) => port.postMessage(message)
  try {
    const running = await open(plan, kinds, post)
    const turning = setInterval(housekeeping(running, new Int32Array(beat)), TURN)
    port.on('message', (message: ToThread) => {
      void obey(running, message).then(
        (summary) => {
          post({ event: 'answer', id: message.id, summary })
          if (message.do !== 'stop') return
          clearInterval(turning)
          port.close()
        },
        (error: unknown) => post({ event: 'lost', why: describe(error) }),
      )
    })
    post({ event: 'ready' })
  } catch (error) {
    post({ event: 'refused', error: errorData(error) })
    port.close()
  }
}

const errorData = (error: unknown): ErrorData =>
  error instanceof DrillError
    ? { message: error.message, code: error.code, exit: error.exit, next: error.next }
    : { message: describe(error), code: 'OBSERVER', exit: EXIT.error, next: [] }

async function open(plan: ObserverPlan, kinds: Kinds, post: Post): Promise<Running> {
  const clock = systemClock(plan.monotonic)
  const abort = new AbortController()
  const note = (text: string): void => post({ event: 'note', args: [text] })
  const context: Context = { clock, signal: abort.signal, run: plan.run, lease: plan.lease, env: plan.env, folder: plan.folder, note }
  const guardrails = createGuardrails(plan.guardrails, plan.probes, (breach) => post({ event: 'breach', args: [breach] }))
  const schedule = createSchedule(clock)
  const stalls = createStalls(TURN / 1000)
  const sessions = await Promise.all(
    plan.probes.map(async (probe) => {
      const kind = kinds.probes.get(probe.kind)
      if (!kind) throw refused(`There is no probe kind ${probe.kind}`, 'KIND_UNKNOWN')
      const session = await kind.open(probe.spec, probe.expect, context)
      const bound = kind.latencyBound(probe.expect) ?? Number.POSITIVE_INFINITY
      return {
        probe,
        session,
        bound,
        recorder: createRecorder(await createSampleFile(join(plan.out, 'samples', `${probe.name}.csv`)), true),
      }
    }),
  )
  await Promise.all(plan.signals.map((signal) => watch(signal, kinds, context, post)))
  const load = plan.load ? await loadOnThread(plan, kinds, context, post) : null
  const base = clock.now() + 0.01
  const probers = sessions.map(({ probe, session, recorder, bound }, index) =>
    createProber(
      probe,
      session,
      recorder,
      { schedule, clock, stalls, bound },
      base + probe.every * spread(index),
      (planned, start, end, outcome) => {
        guardrails.sample(probe.name, planned, start, end, outcome)
        guardrails.check(clock.now())
      },
    ),
  )
  const closing = sessions.map(
    ({ session }) =>
      () =>
        session.close(),
  )
  return { plan, context, post, schedule, guardrails, probers, closing, load, abort, stalls }
}

/** Probes of one interval do not fire together: the golden ratio spreads any number of them. */
const spread = (index: number): number => (index * 0.618_033_988_75) % 1

/** Resolves with the signal's first report. */
async function watch(signal: SignalDecl, kinds: Kinds, context: Context, post: Post): Promise<void> {
  const kind = kinds.signals.get(signal.kind)
  if (!kind) throw refused(`There is no signal kind ${signal.kind}`, 'KIND_UNKNOWN')
  const first = Promise.withResolvers<void>()
  const timer = setTimeout(first.resolve, SIGNAL_START)
  kind
    .watch(
      signal.spec,
      signal.every,
      (seen) => {
        post({ event: 'signal', args: [signal.name, seen] })
        first.resolve()
      },
      context,
    )
    .then(first.resolve, first.reject)
  try {
    await first.promise
  } finally {
    clearTimeout(timer)
  }
}

async function loadOnThread(plan: ObserverPlan, kinds: Kinds, context: Context, post: Post): Promise<RunningLoad | null> {
  if (!plan.load) return null
  const kind = kinds.loads.get(plan.load.kind)
  if (!kind || kind.runs !== 'thread') throw refused(`${plan.load.kind} is no load of the observer's thread`, 'KIND_UNKNOWN')
  return startLoad(kind, plan.load, plan, context, {
    full: () => post({ event: 'loadFull', args: [] }),
    ended: (end) => post({ event: 'loadEnded', args: [end] }),
    lost: (why) => post({ event: 'lost', why }),
  })
}

function housekeeping(running: Running, beat: Int32Array): () => void {
  let turn = 0
  let lost = false
  return () => {
    turn += 1
    Atomics.store(beat, 0, beatNow())
    const now = running.context.clock.now()
    running.stalls.turn(now)
    running.guardrails.check(now)
    if (turn % 2 === 0) deliver(running)
    if (turn % 5 !== 0 || lost) return
    flush(running).catch((error: unknown) => {
      if (!lost) running.post({ event: 'lost', why: `samples cannot be written: ${describe(error)}` })
      lost = true
    })
  }
}

function deliver({ probers, post }: Running): void {
  for (const { probe, recorder } of probers) {
    const block = recorder.take()
    if (block) post({ event: 'samples', args: [probe.name, block] })
  }
}

const flush = async ({ probers, load }: Running): Promise<void> => {
  await Promise.all([...probers.map(({ recorder }) => recorder.file.flush()), load?.recorder.file.flush()])
}

async function obey(running: Running, message: ToThread): Promise<ObserverSummary | null> {
  switch (message.do) {
    case 'arm':
      running.guardrails.arm(running.context.clock.now())
      return null
    case 'disarm':
      running.guardrails.disarm()
      return null
    case 'flush':
      deliver(running)
      await flush(running)
      return null
    case 'stopLoad':
      await running.load?.stop()
      return null
    case 'stop':
      return stop(running)
  }
}

async function stop(running: Running): Promise<ObserverSummary> {
  const { probers, schedule, guardrails, load, abort, closing } = running
  guardrails.disarm()
  await Promise.all([load?.stop(), ...probers.map((prober) => prober.stop(Math.min(PATIENCE, prober.probe.timeout + 0.1)))])
  schedule.stop()
  deliver(running)
  abort.abort(new Error('the observer was stopped'))
  await Promise.all(closing.map((close) => close()))
  await Promise.all(probers.map(({ recorder }) => recorder.file.close()))
  return { slip: Object.fromEntries(probers.map(({ probe, recorder }) => [probe.name, recorder.slip()])) }
}
