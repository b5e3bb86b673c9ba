import type { Context } from '../../contracts/context.ts'
import type { LoadInput, LoadSession } from '../../contracts/load.ts'
import { describe, refused } from '../../domain/error.ts'
import type { Json } from '../../domain/json.ts'
import { formatDuration, seconds } from '../../domain/time.ts'
import { connect } from '../../platforms/kubernetes/api/cluster.ts'
import { KINDS } from '../../platforms/kubernetes/api/kinds.ts'
import { kubectl } from '../../platforms/kubernetes/change/kubectl.ts'
import { removeLoadCommand } from '../../platforms/kubernetes/change/made.ts'
import { nameOf } from '../../platforms/kubernetes/target/select.ts'
import { exitMeaning } from '../k6-process.ts'
import { leavesOf } from './leaves.ts'
import { configMapOf, nameFor, testRunOf } from './objects.ts'
import type { Spec } from './parameters.ts'
import { initializerWords, look, type RunnerSeen, runnersOf, type TestRunPlace, type TestRunSeen } from './state.ts'

const POLL = seconds(0.5)
/** How long runners may take to end when their TestRun is deleted; k6 ends what is under way first. */
const LEAVING = seconds(10)
/** For putting away what was made, whatever stopped the drill. */
const CLEANING = seconds(20)
const THRESHOLDS = 99
/** No stage of the operator's, which has a `stopped` of its own. */
const BY_US = 'by us'

/** What was made in the cluster, as far as it was. */
interface Made {
  readonly place: TestRunPlace
  readonly script: { readonly uid: string }
}

const fresh = (context: Context, length = CLEANING): Context => ({ ...context, signal: AbortSignal.timeout(length * 1000) })

/** Makes script and TestRun, and resolves when every runner runs. Rejects with a DrillError, with nothing left behind, when they do not. */
export async function startTestRun(input: LoadInput<Spec>, context: Context): Promise<LoadSession> {
  const made = await make(input, context)
  try {
    await started(made.place, input.spec, context)
  } catch (error) {
    await putAway(made, fresh(context)).catch(() => context.note(`left in the cluster: ${cleanup(input.spec, made, context)}`))
    throw error
  }
  return new Session(made, input, context)
}

async function make(input: LoadInput<Spec>, context: Context): Promise<Made> {
  context.signal.throwIfAborted()
  const { spec } = input
  const { namespace } = spec
  const cluster = await connect(nameOf(spec), context)
  const name = nameFor(context.run)
  await input.leaves?.(await leavesOf(cluster, namespace, context))
  const script = await cluster.create(KINDS.configmap, namespace, configMapOf(input, context), context)
  try {
    const run = await cluster.create(KINDS.testrun, namespace, testRunOf(input, context), context)
    return { place: { cluster, namespace, name, uid: run.metadata.uid }, script: { uid: script.metadata.uid } }
  } catch (error) {
    await cluster.remove(KINDS.configmap, namespace, name, { uid: script.metadata.uid }, fresh(context))
    throw error
  }
}

/** Deletes the TestRun, whose runners go with it, and the script. Idempotent; only what this run made. */
async function putAway({ place, script }: Made, context: Context): Promise<void> {
  const { cluster, namespace, name, uid } = place
  await cluster.remove(KINDS.testrun, namespace, name, { uid, propagation: 'Background' }, context)
  await cluster.remove(KINDS.configmap, namespace, name, { uid: script.uid }, context)
}

const cleanup = (spec: Spec, { place }: Made, { run }: Context): string =>
  removeLoadCommand(
    { context: place.cluster.access.context, ...(spec.kubeconfig !== undefined && { kubeconfig: spec.kubeconfig }) },
    place.namespace,
    run,
  )

async function started(place: TestRunPlace, { startWithin, parallelism }: Spec, context: Context): Promise<void> {
  const failed = (why: string) => {
    const command = kubectl({ context: place.cluster.access.context }, place.namespace, 'describe', 'pods', '-l', `k6_cr=${place.name}`)
    return refused(`The runners of the k6 Operator did not start: ${why}`, 'K6_START', [command])
  }
  const end = context.clock.now() + startWithin
  let seen: TestRunSeen = { stage: '', runners: [] }
  do {
    seen = await look(place, context).catch((error: unknown) => {
      context.signal.throwIfAborted()
      if (context.clock.now() >= end) throw error
      return seen
    })
    const { stage, runners } = seen
    if (stage === undefined) throw failed('somebody deleted the TestRun')
    if (stage === 'started' || stage === 'stopped' || stage === 'finished') return
    if (stage === 'error')
      throw failed(
        (await initializerWords(place, context)) || `its script or its settings are refused; it needs at least ${parallelism} VUs`,
      )
    const stuck = runners.find((each) => each.stuck !== null)
    if (stuck) throw failed(`${stuck.name}: ${stuck.stuck}`)
    await context.clock.sleep(POLL, context.signal)
  } while (context.clock.now() < end)
  const waiting = seen.runners.flatMap(({ name, waits }) => (waits === null ? [] : [`${name}: ${waits}`]))
  const stage = seen.stage === '' ? 'no operator has looked at it' : `its stage is ${seen.stage}`
  throw failed([`after ${formatDuration(startWithin)} ${stage}`, ...waiting].join('; '))
}

class Session implements LoadSession {
  readonly ended: LoadSession['ended']
  readonly #made: Made
  readonly #spec: Spec
  readonly #context: Context
  /** Aborts when it shall end. */
  readonly #stop = new AbortController()
  /** The last that was seen of each runner; those that have ended stay as they ended. */
  readonly #runners = new Map<string, RunnerSeen>()

  constructor(made: Made, { spec, limit }: LoadInput<Spec>, context: Context) {
    this.#made = made
    this.#spec = spec
    this.#context = context
    const stop = (): void => this.#stop.abort()
    const limiting = setTimeout(stop, limit * 1000)
    context.signal.addEventListener('abort', stop)
    this.ended = this.#run().finally(() => {
      clearTimeout(limiting)
      context.signal.removeEventListener('abort', stop)
    })
  }

  async stop(): Promise<void> {
    this.#stop.abort()
    await this.ended
  }

  async #run(): Promise<Awaited<LoadSession['ended']>> {
    const why = await this.#untilOver()
    const byUs = why === BY_US
    const left = await this.#putAway(byUs)
    const runners = [...this.#runners.values()]
    const ok = left === null && (byUs ? runners.every(({ exit }) => exit !== THRESHOLDS) : isWell(why, runners, this.#spec))
    return { ok, detail: detailOf(why, runners, this.#spec, left) }
  }

  /** The stage in which it ended, `deleted` by somebody, or by us. A server that does not answer says nothing about the traffic. */
  async #untilOver(): Promise<string> {
    const signal = this.#stop.signal
    let told = false
    while (!signal.aborted) {
      try {
        const { stage, runners } = await look(this.#made.place, { ...this.#context, signal })
        this.#remember(runners)
        if (stage === undefined) return 'deleted'
        if (stage === 'stopped' || stage === 'finished' || stage === 'error') return stage
      } catch (error) {
        if (!signal.aborted && !told) this.#context.note(`the k6 Operator's TestRun cannot be seen: ${describe(error)}`)
        told = true
      }
      await this.#context.clock.sleep(POLL, signal).catch(() => undefined)
    }
    return BY_US
  }

  #remember(runners: readonly RunnerSeen[]): void {
    for (const runner of runners) {
      const known = this.#runners.get(runner.name)
      if (known?.exit === null || known === undefined) this.#runners.set(runner.name, runner)
    }
  }

  /** What is still there, and what a person would type; null: nothing is. Runners that are still at work are waited for. */
  async #putAway(running: boolean): Promise<string | null> {
    const context = fresh(this.#context)
    try {
      if (!running) this.#remember(await runnersOf(this.#made.place, context))
      await putAway(this.#made, context)
    } catch (error) {
      return `left in the cluster: ${describe(error)}; ${cleanup(this.#spec, this.#made, this.#context)}`
    }
    return running ? this.#untilLeft(fresh(this.#context, LEAVING)) : null
  }

  async #untilLeft(context: Context): Promise<string | null> {
    const { cluster, namespace, name } = this.#made.place
    while (!context.signal.aborted) {
      const runners = await runnersOf(this.#made.place, context).catch(() => undefined)
      if (runners) this.#remember(runners)
      if (runners?.every(({ exit, lost }) => exit !== null || lost !== null)) return null
      await context.clock.sleep(seconds(0.2), context.signal).catch(() => undefined)
    }
    const command = kubectl({ context: cluster.access.context }, namespace, 'get', 'pods', '-l', `k6_cr=${name}`)
    return `runners were still there ${formatDuration(LEAVING)} after their TestRun was deleted; ${command}`
  }
}

const isWell = (why: string, runners: readonly RunnerSeen[], { parallelism }: Spec): boolean =>
  (why === 'finished' || why === 'stopped') && runners.length === parallelism && runners.every(({ exit }) => exit === 0)

const OVER: Readonly<Record<string, string>> = {
  deleted: 'somebody deleted its TestRun',
  error: 'the operator gave it up',
}

const endOf = ({ exit, lost }: RunnerSeen): string =>
  exit === null ? (lost ?? 'ended with its TestRun, its exit code is not known') : exitMeaning(exit)

/** Exit codes of the runners are kept apart: 99 is a verdict of the script's own, 105 is our stopping it. */
function detailOf(why: string, runners: readonly RunnerSeen[], spec: Spec, left: string | null): Json {
  const ends = [...new Set(runners.map(endOf))]
  const meaning = OVER[why] ?? (ends.length === 0 ? 'no runner was seen' : ends.join(', '))
  return {
    engine: `k6-operator ${spec.image}`,
    meaning,
    ...(runners.length < spec.parallelism && { missing: spec.parallelism - runners.length }),
    runners: runners.map((each) => ({ runner: each.name, exit: each.exit, meaning: endOf(each) })),
    samples: 'none: what the runners saw stays with them',
    ...(left !== null && { error: left }),
  }
}
