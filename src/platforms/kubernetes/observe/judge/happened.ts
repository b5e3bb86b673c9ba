import type { Interval } from '../../../../domain/interval.ts'
import { KINDS } from '../../api/kinds.ts'
import type { K8sObject } from '../../api/objects.ts'
import type { Watched } from '../questions.ts'
import { type Judge, type Judged, type Look, part, stampOf } from './judge.ts'

type Of<K extends Watched['kind']> = Extract<Watched, { readonly kind: K }>

interface Event extends K8sObject {
  readonly message?: string
  readonly count?: number
  readonly eventTime?: string | null
  readonly firstTimestamp?: string | null
  readonly lastTimestamp?: string | null
  readonly series?: { readonly count?: number; readonly lastObservedTime?: string } | null
  readonly involvedObject?: { readonly kind?: string; readonly name?: string }
}

/** An Event that happens again is the same object with a higher count, in one of two places. */
const timesOf = ({ count, series }: Event): number => series?.count ?? count ?? 1

/** Fires from the first matching Event on that came after the start. Events are about the past: it never becomes quiet again. */
export function eventJudge({ namespace, spec: { reason, kind, name, type } }: Of<'event'>): Judge {
  const fields = { reason, type, 'involvedObject.kind': kind, 'involvedObject.name': name }
  const before = new Map<string, number>()
  let fired: Judged | undefined
  return {
    kind: KINDS.event,
    query: {
      namespace,
      fields: Object.entries(fields)
        .flatMap(([field, value]) => (value === undefined ? [] : [`${field}=${value}`]))
        .join(','),
    },
    judge(look) {
      for (const event of look.changed as readonly Event[]) {
        const { uid } = event.metadata
        if (!look.first && timesOf(event) > (before.get(uid) ?? 0)) fired ??= firedBy(event, look)
        before.set(uid, timesOf(event))
      }
      return fired ?? { state: 'quiet', detail: `no new event ${reason}` }
    },
  }
}

function firedBy(event: Event, look: Look): Judged {
  const { series, eventTime, lastTimestamp, firstTimestamp, involvedObject: of } = event
  // Of the last time that it happened, by the clock of whoever reports it: a MicroTime in the new API, cut to seconds in the old one.
  const stamp = stampOf(series?.lastObservedTime ?? lastTimestamp ?? eventTime ?? firstTimestamp, look)
  return { state: 'firing', detail: `${of?.kind ?? 'object'} ${of?.name ?? ''}: ${event.message ?? ''}`.slice(0, 200), stamp }
}

interface ContainerStatus {
  readonly name: string
  readonly restartCount?: number
  readonly state?: { readonly running?: { readonly startedAt?: string } }
}

interface PodStatus {
  readonly containerStatuses?: readonly ContainerStatus[]
  readonly initContainerStatuses?: readonly ContainerStatus[]
}

/** Fires when containers were restarted more often than that since the start. A restart stays one when its pod is gone. */
export function restartsJudge({ namespace, spec: { selector, more } }: Of<'restarts'>): Judge {
  const before = new Map<string, number>()
  const since = new Map<string, number>()
  let total = 0
  let stamp: Interval | undefined
  return {
    kind: KINDS.pod,
    query: { namespace, labels: selector },
    judge(look) {
      for (const { key, count, startedAt } of look.changed.flatMap(containersOf)) {
        if (look.first) before.set(key, count)
        // A pod that is new began at none, also when it is seen late.
        const grown = Math.max(0, count - (before.get(key) ?? 0))
        const known = since.get(key) ?? 0
        if (grown <= known) continue
        since.set(key, grown)
        total += grown - known
        stamp = stampOf(startedAt, look)
      }
      const detail = `${total} restart${total === 1 ? '' : 's'} of ${selector}`
      return total > more ? { state: 'firing', detail, stamp } : { state: 'quiet', detail }
    },
  }
}

function containersOf(pod: K8sObject) {
  const { containerStatuses = [], initContainerStatuses = [] } = part<PodStatus>(pod, 'status')
  return [...initContainerStatuses, ...containerStatuses].map(({ name, restartCount = 0, state }) => ({
    key: `${pod.metadata.uid}/${name}`,
    count: restartCount,
    startedAt: state?.running?.startedAt,
  }))
}
