import type { Seconds } from '../../../domain/time.ts'

/** A condition's value, as objects of the API carry it. */
export type ConditionStatus = 'True' | 'False' | 'Unknown'
export type WorkloadKind = 'deployment' | 'statefulset' | 'daemonset'

/** Which cluster and where in it; types and not interfaces, for they are JSON. */
type Where = { readonly kubeconfig?: string; readonly context?: string; readonly namespace?: string }

/** What can be watched in a cluster. All of it survives a structured clone: it is asked on one thread and answered on another. */
export type Watched = Where &
  (
    | { readonly kind: 'endpoints'; readonly spec: { readonly service: string; readonly ready: { readonly min: number } } }
    | { readonly kind: 'workload'; readonly spec: WorkloadSpec & { readonly ready: { readonly min: string } } }
    | {
        readonly kind: 'node'
        readonly spec: {
          readonly kind: 'name' | 'selector'
          readonly spec: string
          readonly condition: string
          readonly is: ConditionStatus
        }
      }
    | { readonly kind: 'nodeLease'; readonly spec: { readonly name: string; readonly older: Seconds } }
    | { readonly kind: 'event'; readonly spec: EventSpec }
    | { readonly kind: 'restarts'; readonly spec: { readonly selector: string; readonly more: number } }
    | { readonly kind: 'hpa'; readonly spec: { readonly name: string; readonly is: HpaState } }
  )

/** The cluster that is meant. */
export const nameOf = ({ kubeconfig, context }: Where) => ({
  ...(kubeconfig !== undefined && { kubeconfig }),
  ...(context !== undefined && { context }),
})

export type WorkloadSpec = {
  readonly kind: WorkloadKind
  readonly name: string
}

export type EventSpec = {
  readonly reason: string
  readonly kind?: string
  readonly name?: string
  readonly type?: 'Normal' | 'Warning'
}

export type HpaState = 'limited' | 'scaling' | 'unable'

/** What one request can ask. */
export type Asked = Where &
  (
    | { readonly kind: 'endpoints'; readonly spec: { readonly service: string } }
    | { readonly kind: 'workload'; readonly spec: WorkloadSpec }
    | { readonly kind: 'node'; readonly spec: { readonly name: string } }
    | { readonly kind: 'api'; readonly spec: { readonly path: string } }
  )

/** How many must be ready: `2`, or a share such as `80%` of those that are wanted, rounded up. */
export const READY_TEXT = /^(?:\d+|(?:100|\d{1,2}(?:\.\d+)?)%)$/

export function leastReady(text: string, wanted: number): number {
  if (!text.endsWith('%')) return Number(text)
  // 29% of 100 is 28.999… in binary.
  return Math.ceil(Number(((Number(text.slice(0, -1)) / 100) * wanted).toFixed(9)))
}
