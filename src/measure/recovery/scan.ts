import type { ProbeDecl } from '../../domain/experiment.ts'
import type { Evidence } from '../evidence.ts'
import { MICRO } from '../samples/micro.ts'
import { createOrder, MISSED } from '../samples/order.ts'
import { createOutageFold, type Edges } from '../samples/outages.ts'
import { BAD, GOOD, noTrouble, type Reading, readingAt, type Trouble } from '../samples/reading.ts'
import type { RecoveryFold } from './recovery.ts'

/** Gets every sample of a probe once, in order of start. Times in microseconds. */
export type Row = (reading: Reading, planned: number, start: number, end: number, outcome: number) => void

/** One pass over a probe's samples, in order of their start, in flat memory. */
export function scan(evidence: Evidence, probe: ProbeDecl, trouble: Trouble, row: Row): void {
  const order = createOrder(probe.timeout * MICRO, (rows) => {
    for (let i = 0; i < rows.length; i++)
      row(readingAt(rows, i, trouble), rows.planned[i] ?? 0, rows.start[i] ?? 0, rows.end[i] ?? 0, rows.outcome[i] ?? MISSED)
  })
  for (const block of evidence.samples(probe.name)) order.feed(block)
  order.flush()
}

/** Every outage that one probe saw, microseconds; `beside` gets every sample of the same pass. */
export function outagesOf(evidence: Evidence, probe: ProbeDecl, trouble: Trouble, beside: readonly RecoveryFold[] = []): readonly Edges[] {
  const fold = createOutageFold()
  scan(evidence, probe, trouble, (reading, planned, start, end) => {
    if (reading === GOOD) fold.good(start, end)
    else if (reading === BAD) fold.bad(start, end)
    for (const other of beside) other.row(reading, planned, start, end)
  })
  return fold.list().outages
}

/** When a probe with `role: control` was bad, from its last good sample to its next: then it is the observer's own trouble. */
export function troubleOf(evidence: Evidence): { readonly trouble: Trouble; readonly spans: readonly Edges[] } {
  const controls = Object.values(evidence.plan.experiment.probes).filter(({ role }) => role === 'control')
  const spans = controls.flatMap((probe) => outagesOf(evidence, probe, noTrouble))
  if (spans.length === 0) return { trouble: noTrouble, spans }
  const trouble: Trouble = (start, end) => spans.some(({ onset, end: over }) => end >= onset.lo && (over === null || start <= over.hi))
  return { trouble, spans }
}
