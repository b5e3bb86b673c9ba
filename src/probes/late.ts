import type { Shot } from '../contracts/probe.ts'
import { bounds, duration } from '../domain/shape.ts'

export type Judged = Pick<Shot, 'outcome' | 'code'>

/** The bound on a probe's time; `what` begins its sentence: an answer, a handshake, a command. */
export const latencyBounds = (what: string) =>
  bounds(duration({ min: 0.001 }), { doc: `${what} that takes longer is late, and late is not served.` })

/** An answer that was right and later than `latest`, seconds, is a failed one. */
export const orLate = (judged: Judged, took: number, latest = Number.POSITIVE_INFINITY): Judged =>
  judged.outcome === 'full' && took > latest ? { outcome: 'failed', code: 'latency' } : judged
