import type { JournalEntry } from '../domain/event.ts'
import type { ReadBlock, WriteBlock } from '../domain/ledger.ts'
import type { Plan } from '../domain/plan.ts'
import type { SampleBlock } from '../domain/sample.ts'

/**
 * Everything that measuring may look at. Samples, writes and reads come as streams of column blocks that can be opened again and
 * again, so that a drill of any length is measured in little memory.
 */
export interface Evidence {
  readonly plan: Plan
  readonly journal: readonly JournalEntry[]
  /** In order of completion; empty when the probe left nothing. */
  samples(probe: string): Iterable<SampleBlock>
  writes(ledger: string): Iterable<WriteBlock>
  /** `file` is the one that a `ledger.read` event names. */
  reads(file: string): Iterable<ReadBlock>
}
