import { describe } from '../../../domain/error.ts'
import type { ActionDecl, FaultDecl, When } from '../../../domain/experiment.ts'
import type { Instant, Seconds } from '../../../domain/time.ts'
import { isAbort } from '../abort/latch.ts'
import type { Drill } from '../drill.ts'

/** When each fault and action began, for those that come `after` another; resolves at its beginning. */
export interface Begun {
  mark(name: string): void
  when(name: string): Promise<void>
}

export function createBegun(): Begun {
  const marks = new Map<string, { readonly promise: Promise<void>; readonly resolve: () => void }>()
  const entry = (name: string) => {
    const known = marks.get(name)
    if (known) return known
    const made = Promise.withResolvers<void>()
    marks.set(name, made)
    return made
  }
  return { mark: (name) => entry(name).resolve(), when: (name) => entry(name).promise }
}

/** Waits until it is time, or rejects when the drill is aborted. `start` is the moment from which `at` counts. */
export async function untilDue(drill: Drill, when: When, start: Instant, begun: Begun): Promise<void> {
  const { clock, abort } = drill
  if ('at' in when) return clock.sleep(Math.max(0, start + when.at - clock.now()) as Seconds, abort.signal)
  await abortable(begun.when(when.after), abort.signal)
  return clock.sleep(when.delay, abort.signal)
}

/** Rejects with the signal's reason as soon as it aborts, whatever the promise does. */
export function abortable<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted()
  return new Promise((resolve, reject) => {
    const gone = (): void => reject(signal.reason)
    signal.addEventListener('abort', gone, { once: true })
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', gone))
  })
}

/** Performs one action within its time and journals how it went; false when it failed. An abort of the drill ends it too. */
export async function perform(drill: Drill, declared: ActionDecl, ends: AbortSignal = drill.abort.signal): Promise<boolean> {
  const action = drill.registry.actions.get(declared.action)
  const signal = AbortSignal.any([ends, AbortSignal.timeout(Math.ceil(declared.within * 1000))])
  await drill.hold()
  await drill.log.commit({ kind: 'action.began', action: declared.name, call: action?.describe(declared.spec) ?? declared.action })
  try {
    if (!action) throw new Error(`action ${declared.action} is not in this version`)
    const detail = await abortable(action.perform(declared.spec, drill.context(signal)), signal)
    drill.log.append({ kind: 'action.ended', action: declared.name, ok: true, detail })
    return true
  } catch (error) {
    const detail = isAbort(signal, error)
      ? ends.aborted
        ? 'cut short by the end of the drill'
        : `not done within ${declared.within}s`
      : describe(error)
    drill.log.append({ kind: 'action.ended', action: declared.name, ok: false, detail })
    return false
  }
}

export const occurrencesOf = (declared: FaultDecl): number => declared.repeat?.times ?? 1
