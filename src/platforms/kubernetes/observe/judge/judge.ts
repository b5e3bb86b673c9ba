import type { Clock } from '../../../../contracts/context.ts'
import type { SignalSeen } from '../../../../contracts/signal.ts'
import type { Interval } from '../../../../domain/interval.ts'
import type { ListQuery } from '../../api/cluster.ts'
import type { Kind } from '../../api/kinds.ts'
import type { K8sObject } from '../../api/objects.ts'
import { drillTime } from '../server-time.ts'

/** What the objects say now. */
export interface Judged {
  readonly state: SignalSeen['state']
  readonly detail: string
  /** When the server says that it came to be so, on the drill's clock; absent where objects carry no such time. */
  readonly stamp?: Interval | undefined
  /** The whole truth about when it came to be so, where that follows from a clock and not from what was seen. */
  readonly at?: Interval
}

/** One look at everything that is there. */
export interface Look {
  readonly objects: ReadonlyMap<string, K8sObject>
  /** What is new in it: one object, or all of them after a list. */
  readonly changed: readonly K8sObject[]
  /** The first list of all: what is in it was there before. */
  readonly first: boolean
  /** Server minus this machine's wall clock, seconds. */
  readonly offset: Interval
  readonly clock: Clock
}

/** Says of objects whether a signal fires. One for each watch: some remember what was there at the start. */
export interface Judge {
  readonly kind: Kind
  readonly query: ListQuery
  /** What it says changes as time passes, without any change of an object. */
  readonly timed?: boolean
  judge(look: Look): Judged
}

/** The parts of an object that only some kinds have, read as they are. */
export const part = <T>(of: K8sObject, name: 'spec' | 'status'): T => (of[name] ?? {}) as unknown as T

export interface Condition {
  readonly type: string
  readonly status: string
  readonly reason?: string
  readonly lastTransitionTime?: string
}

export const conditionOf = (of: K8sObject, type: string): Condition | undefined =>
  part<{ readonly conditions?: readonly Condition[] }>(of, 'status').conditions?.find((each) => each.type === type)

export const stampOf = (time: string | null | undefined, { offset, clock }: Look): Interval | undefined => drillTime(time, offset, clock)

export const named = (namespace: string | undefined, name: string): ListQuery => ({ namespace, fields: `metadata.name=${name}` })

export const only = ({ objects }: Look): K8sObject | undefined => objects.values().next().value

/**
 * For kinds that are one object. One that was never there is more likely misspelt than down: nobody knows. One that is gone is down.
 */
export function ofOne(what: string, judge: (of: K8sObject, look: Look) => Judged): Judge['judge'] {
  let wasThere = false
  return (look) => {
    const of = only(look)
    wasThere ||= of !== undefined
    if (of) return judge(of, look)
    return wasThere ? { state: 'firing', detail: `${what} is gone` } : { state: 'unknown', detail: `there is no ${what}` }
  }
}
