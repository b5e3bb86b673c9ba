import type { JsonObject } from '../../domain/json.ts'
import { seconds } from '../../domain/time.ts'
import { post } from '../kit/client.ts'
import type { Rule } from './rules.ts'

const PATH = '/alerts'
const TIMEOUT = seconds(1)

export interface Notice {
  readonly rule: Rule
  readonly status: 'firing' | 'resolved'
  readonly startsAt: string
  readonly endsAt: string
}

/** Alertmanager's webhook, version 4. */
export function payload({ rule, status, startsAt, endsAt }: Notice): JsonObject {
  const labels = { alertname: rule.alertname, ...rule.labels }
  const fingerprint = Object.entries(labels).flat().join('/')
  return {
    version: '4',
    groupKey: `{}:{alertname="${rule.alertname}"}`,
    truncatedAlerts: 0,
    status,
    receiver: 'firedrill',
    groupLabels: { alertname: rule.alertname },
    commonLabels: labels,
    commonAnnotations: { summary: rule.summary },
    externalURL: '',
    alerts: [{ status, labels, annotations: { summary: rule.summary }, startsAt, endsAt, generatorURL: '', fingerprint }],
  }
}

/** One try; false when nobody took it. */
export function deliver(port: number, notice: Notice): Promise<boolean> {
  return post(port, PATH, TIMEOUT, payload(notice)).then(
    () => true,
    () => false,
  )
}
