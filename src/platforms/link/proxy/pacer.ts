/** Hands out the bytes of a line of a given rate, in order of asking. All connections of a direction share one. */
export interface Pacer {
  /** The largest piece to ask for at once: about 20 ms of the line. */
  readonly piece: number
  /** When the last of these bytes will have gone through; `ready` is when they could have begun. In milliseconds of `performance.now()`. */
  reserve(bytes: number, ready: number): number
}

/** Bytes that come a little late may make up for it, no more than this, in milliseconds. */
const CREDIT = 20

/** @param rate bytes a second */
export function createPacer(rate: number): Pacer {
  let free = 0
  return {
    piece: Math.max(1, Math.min(65_536, Math.round(rate / 50))),
    reserve(bytes, ready) {
      free = Math.max(free, ready - CREDIT) + (bytes / rate) * 1000
      return free
    },
  }
}
