/** Hands out the bytes of a line of a given rate, in order of asking. All connections of a direction share one. */
export interface Pacer {
  /** The largest piece to ask for at once: about 20 ms of the line. */
  readonly piece: number
  /** When, in milliseconds of `performance.now()`, the last of these bytes will have gone through. */
  reserve(bytes: number, now: number): number
}

/** A late timer may be made up for, so that the rate holds on average; no more than this, in milliseconds. */
const CREDIT = 20

/** @param rate bytes a second */
export function createPacer(rate: number): Pacer {
  let free = 0
  return {
    piece: Math.max(1, Math.min(65_536, Math.round(rate / 50))),
    reserve(bytes, now) {
      free = Math.max(free, now - CREDIT) + (bytes / rate) * 1000
      return free
    },
  }
}
