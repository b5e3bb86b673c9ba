import { KINDS } from '../../api/kinds.ts'
import type { K8sObject } from '../../api/objects.ts'
import { readyIn } from '../../effect/endpoints.ts'
import { leastReady, type Watched, type WorkloadKind } from '../questions.ts'
import { type Judge, named, ofOne, part } from './judge.ts'

type Of<K extends Watched['kind']> = Extract<Watched, { readonly kind: K }>

/** Fires while a Service has too few ready endpoints. EndpointSlices carry no time of their own changes: only what was seen counts. */
export function endpointsJudge({ namespace, spec: { service, ready } }: Of<'endpoints'>): Judge {
  let wasThere = false
  return {
    kind: KINDS.endpointslice,
    query: { namespace, labels: `kubernetes.io/service-name=${service}` },
    judge({ objects }) {
      // A Service that selects nothing has an empty slice: none at all is a Service that is not there.
      wasThere ||= objects.size > 0
      if (!wasThere) return { state: 'unknown', detail: `service ${service} has no EndpointSlice` }
      const count = readyIn(objects.values(), undefined).size
      return { state: count < ready.min ? 'firing' : 'quiet', detail: `${count} ready endpoint${count === 1 ? '' : 's'} of ${service}` }
    },
  }
}

/** How many pods of a workload are ready, and how many there should be. */
export function readiness(kind: WorkloadKind, of: K8sObject): { readonly ready: number; readonly wanted: number } {
  if (kind === 'daemonset') {
    const { numberReady = 0, desiredNumberScheduled = 0 } = part<{
      readonly numberReady?: number
      readonly desiredNumberScheduled?: number
    }>(of, 'status')
    return { ready: numberReady, wanted: desiredNumberScheduled }
  }
  const { readyReplicas = 0 } = part<{ readonly readyReplicas?: number }>(of, 'status')
  return { ready: readyReplicas, wanted: part<{ readonly replicas?: number }>(of, 'spec').replicas ?? 1 }
}

/** Fires while fewer pods of a workload are ready than there must be. Its counts carry no time: only what was seen counts. */
export function workloadJudge({ namespace, spec: { kind, name, ready: must } }: Of<'workload'>): Judge {
  return {
    kind: KINDS[kind],
    query: named(namespace, name),
    judge: ofOne(`${kind} ${name}`, (of) => {
      const { ready, wanted } = readiness(kind, of)
      return { state: ready < leastReady(must.min, wanted) ? 'firing' : 'quiet', detail: `${ready} of ${wanted} of ${kind} ${name} ready` }
    }),
  }
}
