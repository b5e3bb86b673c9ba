import type { SignalSeen } from '../../contracts/signal.ts'
import type { SampleBlock } from '../../domain/sample.ts'

/** What the observer's thread sends, for whoever watches at the moment: the gate, an effect, the way home, the live view. */
export interface Feed {
  samples(probe: string, block: SampleBlock): void
  signal(name: string, seen: SignalSeen): void
  onSamples(listener: (probe: string, block: SampleBlock) => void): Disposable
  onSignal(listener: (name: string, seen: SignalSeen) => void): Disposable
  /** The newest state of every signal that was heard of. */
  signals(): ReadonlyMap<string, SignalSeen>
}

export function createFeed(): Feed {
  const sampleListeners = new Set<(probe: string, block: SampleBlock) => void>()
  const signalListeners = new Set<(name: string, seen: SignalSeen) => void>()
  const newest = new Map<string, SignalSeen>()
  const subscribe = <T>(set: Set<T>, listener: T): Disposable => {
    set.add(listener)
    return { [Symbol.dispose]: () => void set.delete(listener) }
  }
  return {
    samples: (probe, block) => {
      for (const listener of sampleListeners) listener(probe, block)
    },
    signal: (name, seen) => {
      newest.set(name, seen)
      for (const listener of signalListeners) listener(name, seen)
    },
    onSamples: (listener) => subscribe(sampleListeners, listener),
    onSignal: (listener) => subscribe(signalListeners, listener),
    signals: () => newest,
  }
}
