import type { Json, JsonObject } from '../../../domain/json.ts'
import type { K8sObject } from '../api/objects.ts'
import { type LabelSelector, matches } from '../rights/budgets.ts'

export type Direction = 'ingress' | 'egress' | 'both'

export interface Denial {
  readonly direction: Direction
  /** TCP ports that are denied; none: everything is. */
  readonly ports: readonly number[]
  /** Peers, as a NetworkPolicy writes them, that may come in and be gone to all the same. */
  readonly from: readonly Json[]
  readonly to: readonly Json[]
}

const LAST_PORT = 65_535

/** A policy can only allow: what is not one of these ports, of every protocol. */
function allBut(ports: readonly number[]): readonly JsonObject[] {
  const denied = [...new Set(ports)].toSorted((a, b) => a - b)
  const between = [0, ...denied].map((port, index) => ({ from: port + 1, to: (denied[index] ?? LAST_PORT + 1) - 1 }))
  const tcp = between
    .filter(({ from, to }) => from <= to)
    .map(({ from, to }) => ({ protocol: 'TCP', port: from, ...(to > from && { endPort: to }) }))
  return [...tcp, { protocol: 'UDP' }, { protocol: 'SCTP' }]
}

const rulesOf = (ports: readonly number[], peers: readonly Json[], side: 'from' | 'to'): readonly JsonObject[] => [
  ...(ports.length > 0 ? [{ ports: allBut(ports) }] : []),
  ...(peers.length > 0 ? [{ [side]: peers }] : []),
]

const goesIn = (direction: Direction): boolean => direction !== 'egress'
const goesOut = (direction: Direction): boolean => direction !== 'ingress'

/** The spec of a NetworkPolicy that lets through to these pods, or from them, only what is not denied. */
export const policySpec = (podSelector: JsonObject, { direction, ports, from, to }: Denial): JsonObject => ({
  podSelector,
  policyTypes: [...(goesIn(direction) ? ['Ingress'] : []), ...(goesOut(direction) ? ['Egress'] : [])],
  ...(goesIn(direction) && { ingress: rulesOf(ports, from, 'from') }),
  ...(goesOut(direction) && { egress: rulesOf(ports, to, 'to') }),
})

interface PolicySpec {
  readonly podSelector?: LabelSelector
  readonly policyTypes?: readonly string[]
  readonly ingress?: readonly unknown[]
  readonly egress?: readonly unknown[]
}

/** Whether another policy lets traffic through in this direction: policies add up, so that a denial beside it denies nothing of that. */
export function allowsSome({ spec }: K8sObject, pod: K8sObject, direction: Direction): boolean {
  const { podSelector = {}, ingress = [], egress = [] } = (spec ?? {}) as PolicySpec
  if (!matches(podSelector, pod.metadata.labels ?? {})) return false
  return (goesIn(direction) && ingress.length > 0) || (goesOut(direction) && egress.length > 0)
}
