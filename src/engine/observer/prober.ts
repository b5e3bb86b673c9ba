import type { Clock } from '../../contracts/context.ts'
import type { ProbeSession } from '../../contracts/probe.ts'
import { every, type Schedule } from '../../contracts/schedule.ts'
import type { ProbeDecl } from '../../domain/experiment.ts'
import type { Outcome } from '../../domain/sample.ts'
import type { Recorder } from './recorder.ts'
import type { Stalls } from './stall.ts'

export interface Prober {
  readonly probe: ProbeDecl
  readonly recorder: Recorder
  /** No new request; resolves when those under way are over, or recorded as missed after `patience` seconds. */
  stop(patience: number): Promise<void>
}

export interface ProberTools {
  readonly schedule: Schedule
  readonly clock: Clock
  readonly stalls: Stalls
  /** What the probe's answers are late by. */
  readonly bound: number
}

type Sampled = (planned: number, start: number, end: number, outcome: Outcome) => void

/** How many requests of one probe may be under way: what an interval and a timeout ask for, twice, within the limits of a machine. */
const roomFor = (probe: ProbeDecl): number => Math.min(4_000, 16 + Math.ceil((2 * probe.timeout) / probe.every))

/** Samples one probe, open-loop: a slow answer never holds up the next request. */
export function createProber(
  probe: ProbeDecl,
  session: ProbeSession,
  recorder: Recorder,
  tools: ProberTools,
  start: number,
  sampled: Sampled,
): Prober {
  const { schedule, clock, stalls, bound } = tools
  const open = new Set<number>()
  const room = roomFor(probe)
  let abandoned = false
  let idle = (): void => {}

  const keep = (planned: number, from: number, to: number, outcome: Outcome, code: string): void => {
    recorder.record(planned, from, to, outcome, code)
    sampled(planned, from, to, outcome)
  }

  const shoot = async (planned: number): Promise<void> => {
    const shot = await session.shoot(probe.timeout)
    if (abandoned) return
    open.delete(planned)
    // A request that could not leave this machine, or that may be late only because we were late to read, says nothing about the system.
    const late = shot.code === 'latency' && shot.end - shot.start - stalls.during(shot.start, shot.end) <= bound
    const code = late ? 'local:stalled' : shot.code
    keep(planned, shot.start, shot.end, code.startsWith('local:') ? 'missed' : shot.outcome, code)
    if (open.size === 0) idle()
  }

  const remove = schedule.add({
    timetable: every(probe.every, start),
    fire(planned) {
      if (open.size >= room) return false
      open.add(planned)
      void shoot(planned)
      return true
    },
    missed: (planned, now) => keep(planned, now, now, 'missed', open.size >= room ? 'local:busy' : 'local:late'),
  })

  return {
    probe,
    recorder,
    async stop(patience) {
      remove()
      if (open.size > 0) {
        const over = Promise.withResolvers<void>()
        idle = over.resolve
        const timer = setTimeout(over.resolve, patience * 1000)
        await over.promise
        clearTimeout(timer)
      }
      abandoned = true
      const now = clock.now()
      for (const planned of open) keep(planned, now, now, 'missed', 'local:stopped')
    },
  }
}
