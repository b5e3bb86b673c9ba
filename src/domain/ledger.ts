/** What one attempt of a ledger's writer came to, as columns. Times are whole microseconds on the drill's clock. */
export interface WriteBlock {
  readonly length: number
  readonly writer: Uint32Array
  readonly seq: Uint32Array
  readonly invoked: Float64Array
  readonly ended: Float64Array
  /** 0 ok, 1 fail, 2 info, 3 missed (the slot could not start). */
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
