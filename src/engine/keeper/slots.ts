import type { Clock } from '../../contracts/context.ts'
import { type Instant, instant, type Rate } from '../../domain/time.ts'

interface Slot {
  readonly seq: number
  readonly due: Instant
}

export interface SlotsInput {
  readonly rate: Rate
  readonly writers: number
  readonly clock: Clock
  /** Never rejects. */
  readonly attempt: (writer: number, seq: number) => Promise<void>
  /** The slot could not start before its writer's next one was due. */
  readonly missed: (writer: number, seq: number) => void
}

export interface Slots {
  /** No new attempts; resolves when those under way have ended. */
  quiesce(): Promise<void>
  resume(): void
}

/**
 * An open-loop schedule: slot i is due at t0 + i / rate, whatever became of the slots before it, and belongs to writer i mod writers.
 * A writer has one attempt under way at a time (the bound on what is outstanding); a slot waits for its writer until the writer's next
 * slot is due and is then given up as missed.
 */
export function startSlots({ rate, writers, clock, attempt, missed }: SlotsInput): Slots {
  const period = writers / rate
  const waiting: (Slot | undefined)[] = Array.from({ length: writers })
  const running = new Map<number, Promise<void>>()
  let origin: number = clock.now()
  let next = 0
  let timer: NodeJS.Timeout | undefined
  let paused = false

  const giveUp = (writer: number): void => {
    const slot = waiting[writer]
    waiting[writer] = undefined
    if (slot) missed(writer, slot.seq)
  }
  const begin = (writer: number): void => {
    const slot = waiting[writer]
    if (!slot || running.has(writer)) return
    if (clock.now() - slot.due > period) return giveUp(writer)
    waiting[writer] = undefined
    const ended = attempt(writer, slot.seq).finally(() => {
      running.delete(writer)
      begin(writer)
    })
    running.set(writer, ended)
  }
  const tick = (): void => {
    const now = clock.now()
    for (; origin + next / rate <= now; next++) {
      const writer = next % writers
      giveUp(writer)
      waiting[writer] = { seq: Math.floor(next / writers) + 1, due: instant(origin + next / rate) }
      begin(writer)
    }
    timer = setTimeout(tick, Math.max(0, origin + next / rate - clock.now()) * 1000)
  }
  tick()

  return {
    async quiesce() {
      paused = true
      clearTimeout(timer)
      for (let writer = 0; writer < writers; writer++) giveUp(writer)
      await Promise.all(running.values())
    },
    resume() {
      if (!paused) return
      paused = false
      origin = clock.now() - next / rate
      tick()
    },
  }
}

/** As many writers as it takes to keep the rate while an answer needs 0.2 s; at least two, so that one cannot hide a shard's loss. */
export const writersFor = (perSecond: Rate): number => Math.min(16, Math.max(2, Math.ceil(perSecond * 0.2)))
