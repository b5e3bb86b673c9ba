/** ok: acknowledged. fail: refused for good. info: nobody knows. missed: the slot could not start, nothing was sent. */
export const WRITE_OUTCOMES = ['ok', 'fail', 'info', 'missed'] as const

/** The first line of `ledgers/<name>.writes.csv`: one attempt a line, times in whole microseconds, the outcome as a word. */
export const WRITES_HEADER = 'writer,seq,invoked_us,ended_us,outcome,code,node'
/** The first line of `ledgers/<name>.<when>.<node>.csv`: one record a line, as the node returned it, duplicates included. */
export const READS_HEADER = 'writer,seq'

/** What one attempt of a ledger's writer came to, as columns. Times are whole microseconds on the drill's clock. */
export interface WriteBlock {
  readonly length: number
  readonly writer: Uint32Array
  readonly seq: Uint32Array
  readonly invoked: Float64Array
  readonly ended: Float64Array
  /** Index into WRITE_OUTCOMES. */
  readonly outcome: Uint8Array
  /** The node that acknowledged, where the store says so; else ''. */
  readonly node: readonly string[]
}

/** What one read of a node held, duplicates included. */
export interface ReadBlock {
  readonly length: number
  readonly writer: Uint32Array
  readonly seq: Uint32Array
}
