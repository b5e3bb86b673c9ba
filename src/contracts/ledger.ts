import { createHash } from 'node:crypto'
import type { Json } from '../domain/json.ts'
import type { Shape } from '../domain/shape.ts'
import type { Context } from './context.ts'

/** What a ledger is opened with: beside the context, the one namespace that is its own. */
export type LedgerContext = Context & { readonly namespace: string }

/**
 * The namespace of one ledger of one run, `firedrill_<run>_<ledger>`: lower case letters, digits and `_`, at most 63 bytes, so that it is
 * an identifier everywhere. Two ledgers of a run never share one: what the rule above would make equal carries a hash.
 */
export function namespaceOf(run: string, ledger: string): string {
  const raw = `${run}/${ledger}`
  const plain = `firedrill_${run}_${ledger}`.toLowerCase().replaceAll(/[^a-z0-9_]/g, '_')
  if (plain.length <= 63 && /^[a-z0-9]*$/.test(ledger)) return plain
  return `${plain.slice(0, 54)}_${createHash('sha256').update(raw).digest('hex').slice(0, 8)}`
}

/** ok: acknowledged. fail: refused for good. info: nobody knows. */
export type WriteOutcome = 'ok' | 'fail' | 'info'

export interface LedgerNode {
  readonly name: string
  /** It says of itself that it takes writes (a database: not in recovery); undefined: it did not answer. */
  readonly writable: boolean | undefined
}

/** Writes acknowledged records where clients write, and reads every node back. Runs on a thread of its own; drivers load when opened. */
export interface LedgerSession {
  /** Creates its own namespace, and nothing else. Idempotent. */
  prepare(): Promise<void>
  /** Never rejects; no hidden retry. `seq` counts from 1 per writer. The node that acknowledged, where the store says so. */
  write(
    writer: number,
    seq: number,
    signal: AbortSignal,
  ): Promise<{ readonly outcome: WriteOutcome; readonly code: string; readonly node?: string }>
  /** Node names with what each says of itself; `via` is the node behind `write` right now, where that can be told. */
  nodes(signal: AbortSignal): Promise<{ readonly nodes: readonly LedgerNode[]; readonly via?: string }>
  /** Every record of this run on the node, with duplicates; rejects when it cannot be read. */
  read(node: string, signal: AbortSignal): Promise<readonly { readonly writer: number; readonly seq: number }[]>
  /** Removes what `prepare` and `write` made. Idempotent. */
  scrub(): Promise<void>
  /** What of it is still there; empty is clean. */
  leftovers(): Promise<readonly string[]>
  close(): Promise<void>
}

export interface Ledger<Spec = Json> {
  readonly name: string
  readonly summary: string
  readonly parameters: Shape<Spec>
  /** What the plan prints and consent covers: the statements or requests that make, fill and remove its namespace. */
  footprint(spec: Spec, namespace: string): { readonly creates: readonly string[]; readonly removes: readonly string[] }
  nodeNames(spec: Spec): readonly string[]
  open(spec: Spec, context: LedgerContext): Promise<LedgerSession>
}

export const defineLedger = <Spec>(ledger: Ledger<Spec>): Ledger<Spec> => ledger
