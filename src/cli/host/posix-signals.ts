/** The one place that owns signals and uncaught errors of the process. */

const STOPPING = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
export type StopSignal = (typeof STOPPING)[number] | 'launcher gone'

/** A launcher on an old Node forwards what the terminal has sent to us already: within this time two are one. */
const SAME_SIGNAL_MS = 150
const LAUNCHER_POLL_MS = 250

/** What work that must not be cut off does when it is asked to end. */
export interface Stoppable {
  /** The first time: begin to end in good order. */
  stop(why: StopSignal): void
  /** The second time: say what is being waited for and how to force it. */
  explain(): void
  /** The third time: leave at once, the watchdog does the rest. */
  force(): void
  /** An error that nobody caught: end in good order, because of a bug. */
  crashed(error: unknown): void
}

let working: Stoppable | undefined
let uncaught: ((error: unknown) => void) | undefined

/** Registers what happens to an error that nobody caught while nothing stoppable is under way. */
export function onUncaught(handler: (error: unknown) => void): void {
  uncaught = handler
  const thrown = (error: unknown): void => (working ? working.crashed(error) : uncaught?.(error))
  process.on('uncaughtException', thrown)
  process.on('unhandledRejection', thrown)
}

/** Watches whether the launcher that started us is still there; its death without a signal must not leave a drill alone. */
function watchLauncher(gone: () => void): () => void {
  const launcher = Number(process.env['FIREDRILL_LAUNCHER'])
  if (launcher !== process.ppid) return () => undefined
  const timer = setInterval(() => process.ppid !== launcher && gone(), LAUNCHER_POLL_MS)
  timer.unref()
  return () => clearInterval(timer)
}

/** Signals mean `work` until the returned scope is disposed; then they have their default meaning again. */
export function ownSignals(work: Stoppable, now: () => number = () => performance.now()): Disposable {
  let times = 0
  let last = Number.NEGATIVE_INFINITY
  const heard = (why: StopSignal): void => {
    const at = now()
    if (at - last < SAME_SIGNAL_MS) return
    last = at
    times += 1
    if (times === 1) work.stop(why)
    else if (times === 2) work.explain()
    else work.force()
  }
  const listeners = STOPPING.map((name) => [name, () => heard(name)] as const)
  for (const [name, listener] of listeners) process.on(name, listener)
  let told = false
  const unwatch = watchLauncher(() => {
    if (!told) heard('launcher gone')
    told = true
  })
  working = work
  return {
    [Symbol.dispose]() {
      for (const [name, listener] of listeners) process.removeListener(name, listener)
      unwatch()
      working = undefined
    },
  }
}
