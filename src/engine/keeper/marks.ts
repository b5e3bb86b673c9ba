/** A set of (writer, seq), one bit each: a day of writes stays under a megabyte. */
export interface Marks {
  add(writer: number, seq: number): void
  has(writer: number, seq: number): boolean
  readonly size: number
}

export function createMarks(): Marks {
  const bits: Uint8Array[] = []
  let size = 0
  const has = (writer: number, seq: number): boolean => (((bits[writer]?.[seq >> 3] ?? 0) >> (seq & 7)) & 1) === 1
  const roomFor = (writer: number, byte: number): Uint8Array => {
    const own = bits[writer] ?? new Uint8Array(64)
    if (byte < own.length) return own
    const wider = new Uint8Array(2 ** Math.ceil(Math.log2(byte + 1)))
    wider.set(own)
    return wider
  }
  return {
    add(writer, seq) {
      if (has(writer, seq)) return
      const own = roomFor(writer, seq >> 3)
      own[seq >> 3] = (own[seq >> 3] ?? 0) | (1 << (seq & 7))
      bits[writer] = own
      size++
    },
    has,
    get size() {
      return size
    },
  }
}
