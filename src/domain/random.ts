/** A repeatable source of numbers in [0, 1): mulberry32. Good for picking, not for secrets. */
export function seeded(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}

/** A seed from a text: FNV-1a, 32 bits. Different names under one seed pick differently. */
export function seedOf(text: string): number {
  let hash = 0x811c9dc5
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193)
  return hash >>> 0
}

/** `count` of the items, each set as likely as any other, in their original order. */
export function pick<T>(items: readonly T[], count: number, random: () => number): readonly T[] {
  const order = items.map((_, index) => index)
  for (let i = 0; i < Math.min(count, order.length); i++) {
    const j = i + Math.floor(random() * (order.length - i))
    const held = order[i] ?? 0
    order[i] = order[j] ?? 0
    order[j] = held
  }
  const chosen = new Set(order.slice(0, count))
  return items.filter((_, index) => chosen.has(index))
}
