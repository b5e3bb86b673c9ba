/** Finds out a thread that fell silent, by being asked again and again whether it has. Milliseconds of a monotonic clock. */
export interface Silence {
  heard(): void
  /** Whether it has been silent for too long. To be called every `LOOK_EVERY`: after a pause of the caller itself the other gets its time anew. */
  look(): boolean
}

export const LOOK_EVERY = 250
/** Between two signs of life. */
export const ALIVE_EVERY = 1000
const LIMIT = 5000
/** Until the first word: a thread loads its modules before it can speak, on a machine that may have other things to do. */
const LIMIT_OF_START = 30_000

export function createSilence(now: () => number): Silence {
  let since = now()
  let looked = since
  let limit = LIMIT_OF_START
  return {
    heard() {
      since = now()
      limit = LIMIT
    },
    look() {
      const at = now()
      // This process was stopped, or busy: what the other said meanwhile is still to be read, or it was stopped, too.
      if (at - looked > 4 * LOOK_EVERY) since = at
      looked = at
      return at - since > limit
    },
  }
}
