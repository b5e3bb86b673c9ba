import type { Json, JsonObject } from '../domain/json.ts'

const isObject = (value: Json | undefined): value is JsonObject => value !== null && typeof value === 'object' && !Array.isArray(value)
const objectsIn = (value: Json | undefined): readonly JsonObject[] =>
  Array.isArray(value) ? (value as readonly Json[]).filter(isObject) : []

/** Words by which alerting says that it is over: Alertmanager and Grafana, PagerDuty, CloudWatch, others. */
const OVER = /^(?:incident\.)?(?:resolved?|ok|normal|inactive|closed?|recover(?:y|ed)|cleared)$/i
const STATE_FIELDS = ['status', 'state', 'event_type', 'event_action', 'NewStateValue'] as const

/**
 * What a posted body says of the alert that carries all of `match`: firing when one of them fires, quiet when all are over,
 * undefined when none of it is meant. Labels are looked for in each alert's `labels`, in the alert itself and around it.
 */
export function alertState(body: Json, match: Readonly<Record<string, string>>): 'firing' | 'quiet' | undefined {
  if (Array.isArray(body)) return anyFiring((body as readonly Json[]).map((one) => alertState(one, match)))
  if (!isObject(body)) return undefined
  const inner = [...objectsIn(body['alerts']), ...objectsIn(body['messages']), ...(isObject(body['event']) ? [body['event']] : [])]
  const alerts = inner.length > 0 ? inner : [body]
  return anyFiring(alerts.filter((alert) => carries(alert, body, match)).map((alert) => stateOf(alert, body)))
}

function anyFiring(states: readonly ('firing' | 'quiet' | undefined)[]): 'firing' | 'quiet' | undefined {
  if (states.includes('firing')) return 'firing'
  return states.includes('quiet') ? 'quiet' : undefined
}

function carries(alert: JsonObject, body: JsonObject, match: Readonly<Record<string, string>>): boolean {
  const places = [alert['labels'], alert, alert['data'], alert['payload'], body['commonLabels'], body].filter(isObject)
  return Object.entries(match).every(([name, wanted]) => {
    const value = places.map((place) => place[name]).find((one) => one !== undefined)
    return value !== undefined && value !== null && (typeof value === 'string' ? value : JSON.stringify(value)) === wanted
  })
}

function stateOf(alert: JsonObject, body: JsonObject): 'firing' | 'quiet' {
  for (const place of [alert, body]) {
    for (const field of STATE_FIELDS) {
      const value = place[field]
      if (typeof value === 'string') return OVER.test(value) ? 'quiet' : 'firing'
    }
  }
  return 'firing'
}
