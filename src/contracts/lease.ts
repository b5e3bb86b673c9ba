import { readFileSync } from 'node:fs'
import { type Seconds, seconds } from '../domain/time.ts'

/** Without a renewal for this long the holder is dead or hung: whoever obeyed it lets go. */
export const LEASE_VALID: Seconds = seconds(3)
/** How often a living holder renews. */
export const LEASE_RENEWED_EVERY: Seconds = seconds(0.5)

/**
 * Who may change the world in the name of a run. One JSON file, `lease.json` of the run's folder: the holder overwrites its digits in place
 * twice a second, a successor replaces the file by one with a greater epoch. Absent, or renewed 0: released, nobody is at work.
 */
export interface Lease {
  readonly run: string
  /** 1 for the engine; every successor takes the next one. */
  readonly epoch: number
  readonly by: 'engine' | 'watchdog' | 'undo'
  readonly pid: number
  /** Start of that process, as its system tells it: a reused pid is never taken for the holder. */
  readonly start: string
  readonly boot: string
  /** CLOCK_MONOTONIC nanoseconds of the last renewal; 0: released. */
  readonly renewed: bigint
}

/** held: act. stale: not renewed for `LEASE_VALID`. newer: a successor has taken over. gone: released. Only `held` permits anything. */
export type LeaseState = 'held' | 'stale' | 'newer' | 'gone'

/** The lease in `file`, or undefined when there is none that can be read. Never throws. */
export function readLease(file: string): Lease | undefined {
  try {
    return parseLease(readFileSync(file, 'utf8'))
  } catch {
    return undefined
  }
}

/** Seconds since the last renewal, on the monotonic clock of this boot. */
export const leaseAge = (lease: Lease, now: bigint = process.hrtime.bigint()): Seconds => seconds(Number(now - lease.renewed) / 1e9)

/** What `file` says to someone who obeys `epoch`. One small synchronous read (tens of microseconds): meant to be polled. */
export function leaseState(file: string, epoch: number, now: () => bigint = () => process.hrtime.bigint()): LeaseState {
  const lease = readLease(file)
  if (lease === undefined) return 'gone'
  if (lease.epoch > epoch) return 'newer'
  if (isReleased(lease)) return 'gone'
  return lease.epoch === epoch && isFresh(lease, now()) ? 'held' : 'stale'
}

export const isReleased = (lease: Lease): boolean => lease.renewed === 0n

/** Renewed within `LEASE_VALID`. One from the future is of another boot. */
export function isFresh(lease: Lease, now: bigint = process.hrtime.bigint()): boolean {
  const age = leaseAge(lease, now)
  return !isReleased(lease) && Math.abs(age) <= LEASE_VALID
}

/** The file's text. Its length does not depend on `renewed`, so that a renewal fits over the last one and needs no new block of a full disk. */
export const renderLease = (lease: Lease): string =>
  `${JSON.stringify({ ...lease, renewed: lease.renewed.toString().padStart(20, '0') })}\n`

function parseLease(text: string): Lease | undefined {
  const of: unknown = JSON.parse(text)
  if (typeof of !== 'object' || of === null) return undefined
  const { run, epoch, by, pid, start, boot, renewed } = of as Record<string, unknown>
  if (typeof run !== 'string' || typeof epoch !== 'number' || typeof pid !== 'number' || typeof start !== 'string') return undefined
  if (by !== 'engine' && by !== 'watchdog' && by !== 'undo') return undefined
  if (typeof boot !== 'string' || typeof renewed !== 'string' || !/^\d{1,20}$/.test(renewed)) return undefined
  return { run, epoch, by, pid, start, boot, renewed: BigInt(renewed) }
}
