import { systemClock } from '../../contracts/clock.ts'
import type { Context } from '../../contracts/context.ts'
import type { Journal } from '../journal/journal.ts'
import type { HeldLease } from '../lease/lease.ts'
import type { EngineDeps } from './deps.ts'

export type ContextFactory = (signal: AbortSignal) => Context

/** The context of this drill's work; each piece of work brings the signal that ends it. */
export function contextFactory(
  deps: EngineDeps,
  { journal, lease }: { readonly journal: Journal; readonly lease: HeldLease },
): ContextFactory {
  const clock = systemClock(deps.monotonic)
  return (signal) => ({
    clock,
    signal,
    run: deps.run,
    lease: { file: lease.file, epoch: lease.epoch },
    env: deps.env,
    folder: deps.source.folder,
    note: (text) => {
      journal.append({ kind: 'note', text })
      deps.hooks.onNote?.(text)
    },
  })
}
