import type { K8sObject } from '../api/objects.ts'

interface ChaosRecord {
  readonly id: string
  readonly phase: string
  readonly injectedCount: number
  readonly recoveredCount: number
  readonly events?: readonly { readonly type: string; readonly operation: string; readonly message?: string }[]
}

interface Status {
  readonly conditions?: readonly { readonly type: string; readonly status: string }[]
  readonly experiment?: { readonly desiredPhase?: string; readonly containerRecords?: readonly ChaosRecord[] }
}

/** What Chaos Mesh itself says about one of its experiments. */
export interface ChaosSeen {
  /** It has picked its targets; without any it never does, and says nothing. */
  readonly selected: boolean
  /** Every record was injected and still is. */
  readonly injected: boolean
  /**
   * It had bitten, its time was over, and it was taken back. Not `AllRecovered`: that is true before the first injection, too, and after
   * one that failed.
   */
  readonly ended: boolean
  /** What was hit, in its words: `shop/cart-1` or `shop/cart-1/app`. */
  readonly records: readonly string[]
  readonly injectedRecords: number
  /** Why it could not inject or recover, each once. */
  readonly failures: readonly string[]
}

export function readChaos({ status }: Pick<K8sObject, 'status'>): ChaosSeen {
  const { conditions = [], experiment = {} } = (status ?? {}) as unknown as Status
  const records = experiment.containerRecords ?? []
  const is = (type: string): boolean => conditions.some((each) => each.type === type && each.status === 'True')
  const bitten = records.filter(({ injectedCount }) => injectedCount > 0)
  const lifted = bitten.every(({ phase, injectedCount, recoveredCount }) => phase === 'Not Injected' && recoveredCount >= injectedCount)
  const failed = records.flatMap(({ id, events = [] }) =>
    events.flatMap(({ type, message = '' }) => (type === 'Failed' ? [`${id}: ${message}`] : [])),
  )
  return {
    selected: is('Selected') && records.length > 0,
    injected: is('AllInjected') && records.length > 0 && bitten.length === records.length,
    ended: experiment.desiredPhase === 'Stop' && bitten.length > 0 && lifted,
    records: records.map(({ id }) => id),
    injectedRecords: bitten.length,
    failures: [...new Set(failed)],
  }
}
