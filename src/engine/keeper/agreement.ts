import type { Marks } from './marks.ts'

/** One record as a number that is exact below 2^53. */
const keyOf = (writer: number, seq: number): number => writer * 2 ** 32 + seq

export type Rows = readonly { readonly writer: number; readonly seq: number }[]

export interface NodeRows {
  readonly node: string
  readonly rows: Rows
}

/** What is compared: records up to each writer's last finished attempt; later ones may still be on their way to the other nodes. */
const counted = (rows: Rows, finished: readonly number[]): Map<number, number> => {
  const counts = new Map<number, number>()
  for (const { writer, seq } of rows) {
    if (seq > (finished[writer] ?? Number.POSITIVE_INFINITY)) continue
    const key = keyOf(writer, seq)
    counts.set(key, (counts.get(key) ?? 0) + 1)
  }
  return counts
}

const differing = (a: ReadonlyMap<number, number>, b: ReadonlyMap<number, number>): number => {
  let count = 0
  for (const [key, times] of a) if (b.get(key) !== times) count++
  for (const key of b.keys()) if (!a.has(key)) count++
  return count
}

/**
 * Whether all nodes hold the same records up to `finished` (highest finished seq by writer). `acknowledged` records that no node holds
 * are a loss, which is not for here to judge; they are named.
 */
export function compareNodes(
  nodes: readonly NodeRows[],
  finished: readonly number[],
  acknowledged: Pick<Marks, 'has'>,
): { readonly agree: boolean; readonly detail: string } {
  const [first, ...others] = nodes.map(({ node, rows }) => ({ node, counts: counted(rows, finished) }))
  if (!first || others.length === 0) return { agree: false, detail: 'one node shows no redundancy' }
  for (const other of others) {
    const count = differing(first.counts, other.counts)
    if (count > 0) return { agree: false, detail: `${first.node} and ${other.node} differ in ${count} records` }
  }
  let gone = 0
  for (const [writer, last] of finished.entries()) {
    for (let seq = 1; seq <= last; seq++) if (acknowledged.has(writer, seq) && !first.counts.has(keyOf(writer, seq))) gone++
  }
  const lost = gone > 0 ? `; ${gone} acknowledged writes are on none of them` : ''
  return { agree: true, detail: `${nodes.length} nodes hold the same ${first.counts.size} records${lost}` }
}
