import { randomUUID } from 'node:crypto'
import { closeSync, linkSync, openSync, renameSync, rmSync, writeFileSync, writeSync } from 'node:fs'
import {
  isFresh,
  isReleased,
  LEASE_RENEWED_EVERY,
  LEASE_VALID,
  type Lease,
  leaseAge,
  readLease,
  renderLease,
} from '../../contracts/lease.ts'
import { DrillError } from '../../domain/error.ts'
import { EXIT } from '../../domain/verdict.ts'
import { endForSure, isAlive, ownIdentity } from './identity.ts'

/**
 * held: go on. lapsed: this process was silent for longer than the lease is valid, so proxies have let go and nothing more may be broken;
 * undoing is still its own. taken: a successor undoes; keep your hands off.
 */
export type Hold = 'held' | 'lapsed' | 'taken'

/** The right to change the world in the name of a run, kept alive by a timer of this process's event loop. */
export interface HeldLease {
  readonly file: string
  readonly epoch: number
  /** Reads the file again (about 20 µs): ask right before a mutation. `lapsed` and `taken` never become `held` again. */
  check(): Hold
  /** Throws a DrillError (aborted, LEASE_LOST) unless it is held. */
  assertHeld(): void
  /**
   * Ends the renewals and says so in the file: nothing of the run is faulted any more. From then on the watchdog does not mind silence
   * (measuring ten million samples takes longer than a lease), only death. Idempotent.
   */
  release(): void
}

export interface LeaseOptions {
  readonly run: string
  readonly file: string
  readonly by: Lease['by']
  /** When `held` is over; a second time if `lapsed` becomes `taken`. */
  readonly onLost?: (why: Exclude<Hold, 'held'>) => void
}

/** The first lease of a run. Throws a DrillError (refused) when the run has one already. */
export function openLease(options: LeaseOptions): HeldLease {
  const lease = newLease(options, 1)
  if (!createWhole(options.file, renderLease(lease))) throw taken(options.run, readLease(options.file))
  return keep(lease, options)
}

/**
 * The next lease of a run whose holder is dead, or was silent for too long: such a one is SIGKILLed first, by pid and start.
 * Of several takers one wins. Rejects with a DrillError (LEASE_HELD) when the holder lives and renews, or cannot be ended,
 * or somebody else is taking it. A disk that takes nothing any more does not stop it: see `unwritten`.
 */
export async function takeLease(options: LeaseOptions): Promise<HeldLease> {
  for (;;) {
    const before = readLease(options.file)
    if (before !== undefined && !isReleased(before) && isAlive(before)) {
      if (isFresh(before) || !(await endForSure(before))) throw taken(options.run, before)
    }
    try {
      const lease = replaceLease(options, before)
      if (lease) return keep(lease, options)
    } catch (error) {
      if (error instanceof DrillError) throw error
      return unwritten(options, (before?.epoch ?? 0) + 1)
    }
  }
}

/** Undefined when somebody has taken it between the judgement and the claim: judge again. */
function replaceLease(options: LeaseOptions, before: Lease | undefined): Lease | undefined {
  const lease = newLease(options, claimNext(options, before?.epoch ?? 0))
  const claim = claimFile(options.file, lease.epoch)
  const draft = `${claim}.draft`
  try {
    if (readLease(options.file)?.epoch !== before?.epoch) return undefined
    writeFileSync(draft, renderLease(lease), { mode: 0o600 })
    // A new file, not the old one changed: whatever the last holder may still write goes to a file without a name.
    renameSync(draft, options.file)
    return lease
  } finally {
    rmSync(draft, { force: true })
    rmSync(claim, { force: true })
  }
}

/**
 * A lease that could not be written (a full, read-only or vanished home). The last holder is dead for sure, and undoing twice is harmless:
 * leaving something broken is not.
 */
const unwritten = ({ file }: LeaseOptions, epoch: number): HeldLease => ({
  file,
  epoch,
  check: () => 'held',
  assertHeld: () => undefined,
  release: () => undefined,
})

const claimFile = (file: string, epoch: number): string => `${file}.${epoch}`

/** An epoch is claimed by creating its file, which only one can. One whose claimer died before it took is passed over. */
function claimNext(options: LeaseOptions, current: number): number {
  for (let epoch = current + 1; ; epoch += 1) {
    const claim = claimFile(options.file, epoch)
    if (createWhole(claim, renderLease(newLease(options, epoch)))) return epoch
    const claimer = readLease(claim)
    if (claimer !== undefined && isAlive(claimer)) throw taken(options.run, claimer)
  }
}

function keep(lease: Lease, { file, onLost }: LeaseOptions): HeldLease {
  const fd = openSync(file, 'r+')
  let renewed = lease.renewed
  let state: Hold = 'held'
  const lose = (why: Exclude<Hold, 'held'>): void => {
    if (state === why) return
    state = why
    onLost?.(why)
  }
  const check = (): Hold => {
    if (state === 'taken') return state
    // Without the file (a full clean-up, a home that is gone) nobody can be told anything: not ours any more.
    if (readLease(file)?.epoch !== lease.epoch) lose('taken')
    else if (leaseAge({ ...lease, renewed }) > LEASE_VALID) lose('lapsed')
    return state
  }
  const timer = setInterval(() => {
    if (check() === 'taken') return
    const now = process.hrtime.bigint()
    try {
      writeSync(fd, renderLease({ ...lease, renewed: now }), 0)
      renewed = now
    } catch {
      // Tried again in half a second; if it stays so the lease goes stale, which is the safe side.
    }
  }, LEASE_RENEWED_EVERY * 1000)
  timer.unref()
  let released = false
  return {
    file,
    epoch: lease.epoch,
    check,
    assertHeld: () => assertHeld(check()),
    release: () => {
      if (released) return
      released = true
      clearInterval(timer)
      try {
        // In place: the epoch stays, so that a later `undo` takes a greater one.
        writeSync(fd, renderLease({ ...lease, renewed: 0n }), 0)
      } finally {
        closeSync(fd)
      }
    },
  }
}

function assertHeld(hold: Hold): void {
  if (hold === 'held') return
  const why = hold === 'taken' ? 'somebody else has taken it over' : `firedrill was not running for more than ${LEASE_VALID} s`
  throw new DrillError(`The drill's lease is lost: ${why}; nothing more is injected`, {
    code: 'LEASE_LOST',
    exit: EXIT.aborted,
    next: ['firedrill status'],
  })
}

const newLease = ({ run, by }: LeaseOptions, epoch: number): Lease => ({
  run,
  epoch,
  by,
  ...ownIdentity(),
  renewed: process.hrtime.bigint(),
})

/** Creates `file` with all its text in one step; false when there is one already. */
export function createWhole(file: string, text: string): boolean {
  const draft = `${file}.${randomUUID()}.tmp`
  try {
    writeFileSync(draft, text, { mode: 0o600 })
    linkSync(draft, file)
    return true
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false
    throw error
  } finally {
    rmSync(draft, { force: true })
  }
}

function taken(run: string, holder: Lease | undefined): DrillError {
  const who = { engine: 'firedrill itself', watchdog: 'its watchdog', undo: 'a `firedrill undo`' }[holder?.by ?? 'undo']
  const is = holder ? `${who} (pid ${holder.pid})` : 'somebody else'
  return new DrillError(`The run ${run} is in other hands: ${is} is at work on it`, {
    code: 'LEASE_HELD',
    exit: EXIT.refused,
    next: ['firedrill status', `firedrill stop ${run}`],
  })
}
