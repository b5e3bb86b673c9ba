/** At most so many at once; who waits is served in order. */
export interface Turns {
  /** Resolves when it is one's turn, with what ends it; rejects with the signal's reason when that aborts before. */
  take(signal: AbortSignal): Promise<() => void>
}

export function createTurns(most: number): Turns {
  let free = most
  const waiting = new Set<() => void>()
  const give = (): void => {
    const [next] = waiting
    if (!next) {
      free += 1
      return
    }
    waiting.delete(next)
    next()
  }
  return {
    take: async (signal) => {
      signal.throwIfAborted()
      if (free > 0) {
        free -= 1
        return give
      }
      await new Promise<void>((resolve, reject) => {
        const leave = (): void => {
          waiting.delete(come)
          reject(signal.reason)
        }
        const come = (): void => {
          signal.removeEventListener('abort', leave)
          resolve()
        }
        waiting.add(come)
        signal.addEventListener('abort', leave, { once: true })
      })
      return give
    },
  }
}
