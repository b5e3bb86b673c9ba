import type { Rate, Seconds } from '../domain/time.ts'
import type { Clock } from './context.ts'

/** Slots on absolute times: slot `i` is due at `due(i)`, whatever became of the slots before it. Seconds on the drill's clock. */
export interface Timetable {
  due(slot: number): number
  /** A slot that starts later than this after it was due did not start: it is missed. */
  readonly grace: number
}

export interface Task {
  readonly timetable: Timetable
  /** Called at most `grace` late. False: there is no room for it, the slot is missed. */
  fire(planned: number): boolean
  missed(planned: number, now: number): void
}

export interface Schedule {
  add(task: Task): () => void
  stop(): void
}

/** Node's timers are a millisecond coarse: a schedule of thousands a second is late by that much, and is not missed for it. */
const LEAST_GRACE = 0.02

export const every = (interval: Seconds, start: number): Timetable => ({
  due: (slot) => start + slot * interval,
  grace: Math.max(interval, LEAST_GRACE),
})

/**
 * A rate that grows evenly from nothing to `full` over `ramp` and stays there. By then `full × ramp / 2` slots are over:
 * slot i of the ramp is due where the area under it, `full × t² / (2 ramp)`, is i.
 */
export function ramped(full: Rate, ramp: Seconds, start: number): Timetable {
  const inRamp = (full * ramp) / 2
  return {
    due: (slot) => start + (slot < inRamp ? Math.sqrt((2 * ramp * slot) / full) : ramp / 2 + slot / full),
    grace: Math.max(1 / full, LEAST_GRACE),
  }
}

interface Entry {
  readonly task: Task
  slot: number
  due: number
}

/** Up to this many seconds before a slot is due a timer may wake late; from there on the thread turns over without sleeping. */
const COARSE = 0.0012
/** Above this many slots a second the turning over would take a core of its own: slots then start on the timer's millisecond. */
const FINE_RATE = 60

/** Calls every task when its slots are due. Late wakings catch up: no slot is left out without being called missed. */
export function createSchedule(clock: Clock): Schedule {
  const entries = new Set<Entry>()
  let stopped = false
  let timer: NodeJS.Timeout | undefined
  let immediate: NodeJS.Immediate | undefined
  const recent = { since: clock.now() as number, fired: 0, fine: true }

  const sleep = (now: number): void => {
    let due = Number.POSITIVE_INFINITY
    for (const entry of entries) due = Math.min(due, entry.due)
    if (stopped || due === Number.POSITIVE_INFINITY) return
    const left = due - now
    if (recent.fine && left <= COARSE) immediate = setImmediate(turn)
    else timer = setTimeout(turn, Math.max(1, Math.floor((left - (recent.fine ? COARSE : 0)) * 1000)))
  }

  const turn = (): void => {
    const now = clock.now()
    let fired = 0
    for (const entry of entries) fired += catchUp(entry, now)
    recent.fired += fired
    if (now - recent.since > 0.25) {
      recent.fine = recent.fired / (now - recent.since) <= FINE_RATE
      recent.since = now
      recent.fired = 0
    }
    sleep(now)
  }

  const wake = (): void => {
    clearTimeout(timer)
    clearImmediate(immediate)
    sleep(clock.now())
  }

  return {
    add(task) {
      const entry: Entry = { task, slot: 0, due: task.timetable.due(0) }
      entries.add(entry)
      wake()
      return () => {
        entries.delete(entry)
      }
    },
    stop() {
      stopped = true
      clearTimeout(timer)
      clearImmediate(immediate)
      entries.clear()
    },
  }
}

function catchUp(entry: Entry, now: number): number {
  let count = 0
  while (entry.due <= now) {
    const { task, due } = entry
    entry.slot += 1
    entry.due = task.timetable.due(entry.slot)
    count += 1
    if (now - due > task.timetable.grace || !task.fire(due)) task.missed(due, now)
  }
  return count
}
