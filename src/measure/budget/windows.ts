import type { DegradedRow } from '../../domain/record.ts'
import type { Rta } from '../recovery/rta.ts'
import type { Timeline } from '../timeline.ts'

export type PhaseName = DegradedRow['phase']

/** A stretch of the drill, seconds; samples belong to it by the time at which they were due. */
export interface Span {
  readonly from: number
  readonly to: number
}

export type Windows = Readonly<Record<PhaseName, Span | null>>

const span = (from: number | null | undefined, to: number | null | undefined): Span | null =>
  from == null || to == null || to <= from ? null : { from, to }

/**
 * baseline: full load or the start of watching, to the first call. fault: effect to recovery or lifting. recovered: from there to the lifting
 * (or the end of the watching). after: everything put back, to the end of the drill.
 */
export function windowsOf(timeline: Timeline, { recovered, rta }: Rta): Windows {
  const { phases, called, watched, end } = timeline
  const fault = timeline.faults.find(({ name }) => name === rta.from) ?? timeline.faults[0]
  const lifted = Math.min(fault?.lifted?.lo ?? watched, watched)
  const began = timeline.loadFull ?? phases.find(({ phase }) => phase === 'baseline')?.from
  const back = recovered?.hi ?? null
  const afterUndo = phases.find(({ phase }) => phase === 'failback' || phase === 'verify')?.from
  return {
    baseline: span(began, called ?? watched),
    fault: span(fault?.effective?.lo ?? fault?.called.lo, Math.min(back ?? lifted, lifted)),
    recovered: back === null ? null : span(back, lifted),
    after: called === null ? null : span(Math.max(timeline.undone ?? 0, afterUndo ?? end), end),
  }
}
