import { KINDS } from '../../api/kinds.ts'
import type { K8sObject } from '../../api/objects.ts'
import type { HpaState, Watched } from '../questions.ts'
import { conditionOf, type Judge, type Judged, type Look, named, ofOne, part, stampOf } from './judge.ts'

/** Fires while a HorizontalPodAutoscaler is at its limit, is scaling, or cannot scale. */
export function hpaJudge({ namespace, spec: { name, is } }: Extract<Watched, { readonly kind: 'hpa' }>): Judge {
  return { kind: KINDS.hpa, query: named(namespace, name), judge: ofOne(`hpa ${name}`, (of, look) => judgeHpa(of, look, is)) }
}

/** The conditions that tell it, each with the value that is bad. */
const BAD: Readonly<Record<Exclude<HpaState, 'scaling'>, Readonly<Record<string, string>>>> = {
  limited: { ScalingLimited: 'True' },
  unable: { AbleToScale: 'False', ScalingActive: 'False' },
}

function judgeHpa(of: K8sObject, look: Look, is: HpaState): Judged {
  if (is === 'scaling') return judgeScaling(of)
  const conditions = Object.entries(BAD[is]).map(([type, bad]) => ({ type, bad, found: conditionOf(of, type) }))
  if (conditions.every(({ found }) => found === undefined)) return { state: 'unknown', detail: 'it has no condition yet' }
  const firing = conditions.find(({ found, bad }) => found?.status === bad)
  const { type, found } = firing ?? conditions[0] ?? { type: '', found: undefined }
  const detail = `${type} is ${found?.status ?? 'not there'}${found?.reason === undefined ? '' : ` (${found.reason})`}`
  return { state: firing ? 'firing' : 'quiet', detail, stamp: stampOf(found?.lastTransitionTime, look) }
}

/** Replicas carry no time of their change; `lastScaleTime` is also kept where nothing was scaled since. */
function judgeScaling(of: K8sObject): Judged {
  const { currentReplicas = 0, desiredReplicas = 0 } = part<{ readonly currentReplicas?: number; readonly desiredReplicas?: number }>(
    of,
    'status',
  )
  return {
    state: currentReplicas === desiredReplicas ? 'quiet' : 'firing',
    detail: `${currentReplicas} replicas, ${desiredReplicas} desired`,
  }
}
