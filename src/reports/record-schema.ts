import type { JsonObject } from '../domain/json.ts'

/** JSON Schema 2020-12 of `report.json`. It allows nothing it does not name: what is added to the record is added here. */
const object = (required: Readonly<Record<string, JsonObject>>, optional: Readonly<Record<string, JsonObject>> = {}): JsonObject => ({
  type: 'object',
  properties: { ...required, ...optional },
  required: Object.keys(required),
  additionalProperties: false,
})
const list = (items: JsonObject): JsonObject => ({ type: 'array', items })
const oneOf = (...values: readonly (string | number)[]): JsonObject => ({ enum: values })
const orNull = (of: JsonObject): JsonObject => ({ anyOf: [of, { type: 'null' }] })
const defined = (name: string): JsonObject => ({ $ref: `#/$defs/${name}` })

const text: JsonObject = { type: 'string' }
const number: JsonObject = { type: 'number' }
const count: JsonObject = { type: 'integer', minimum: 0 }
const share: JsonObject = { type: 'number', minimum: 0, maximum: 1 }
const flag: JsonObject = { type: 'boolean' }
const anything: JsonObject = {}
const sha256: JsonObject = { type: 'string', pattern: '^[0-9a-f]{64}$' }
const verdict = oneOf('held', 'broken', 'unknown')
const phase = oneOf('baseline', 'fault', 'recovered', 'after')
const undoState = oneOf('undone', 'drifted', 'expired', 'failed', 'not-needed', 'not-injected')
const interval = object({ lo: number, hi: number })
const measured = defined('measured')

const measure = object(
  { lo: orNull(number), hi: orNull(number), unit: text, censored: orNull(oneOf('left', 'right', 'interval')), method: text },
  { resolution: text, samples: count, missed: count },
)
const notMeasured = object({ lo: { type: 'null' }, hi: { type: 'null' }, unit: text, reason: { type: 'string', minLength: 1 } })

const fault = object({
  name: text,
  fault: text,
  kind: oneOf('state', 'event', 'expiring'),
  targets: list(text),
  injected: orNull(defined('interval')),
  effect: object({
    proven: flag,
    level: orNull(oneOf('data', 'control')),
    at: orNull(defined('interval')),
    how: text,
    perTarget: list(object({ target: text, at: orNull(defined('interval')), how: text })),
  }),
  undo: object({
    state: undoState,
    verified: flag,
    at: orNull(number),
    perTarget: list(
      object({ target: text, state: undoState, verified: flag, at: orNull(defined('interval')), detail: text, command: text }),
    ),
  }),
})

const objective = object({
  name: text,
  target: object({ op: oneOf('<=', '>='), value: number, unit: text }),
  measured,
  verdict,
  reason: { type: 'string', minLength: 1 },
})

const ledger = object({
  ledger: text,
  when: text,
  authority: orNull(text),
  attempts: count,
  acknowledged: count,
  refused: count,
  indeterminate: count,
  lost: count,
  recovered: count,
  unexpected: count,
  duplicated: count,
  refusedButPresent: count,
  holes: count,
  splitBrainAcks: count,
  valid: verdict,
})

const measures = object({
  detection: { type: 'object', additionalProperties: measured },
  rta: object({ incident: measured, impact: measured, first: measured, relapses: orNull(count), from: orNull(text), notes: list(text) }),
  rpa: object({ lost: measured, span: measured, lossBound: orNull(number), ledgers: list(ledger) }),
  failback: object({ time: measured, bad: measured, redundancy: measured, metastable: verdict }),
  degraded: list(
    object({
      probe: text,
      phase,
      count,
      full: share,
      degraded: share,
      stale: share,
      wrong: share,
      failed: share,
      missed: count,
      unknown: count,
    }),
  ),
  latency: list(object({ probe: text, phase, count, p50: number, p90: number, p99: number, max: number })),
  outages: list(object({ probe: text, onset: defined('interval'), end: orNull(defined('interval')) })),
  budget: orNull(object({ before: measured, during: measured, after: measured, spend: measured, virtual: flag })),
})

export const recordSchema: JsonObject = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  title: 'firedrill record',
  description:
    "What a drill came to: report.json of a drill's folder, and what `run --json` prints. Times are seconds on the drill's clock.",
  ...object({
    firedrill: oneOf(1),
    run: text,
    experiment: object({ title: text, file: text, sha256, mechanisms: list(text), controls: list(text) }, { hypothesis: text }),
    plan: object({ hash: text }),
    verdict: oneOf('held', 'broken', 'unknown', 'aborted', 'refused', 'undo-failed', 'error'),
    exit: oneOf(0, 1, 2, 3, 4, 5, 70),
    reason: { type: 'string', minLength: 1 },
    faults: list(fault),
    objectives: list(objective),
    measures,
    findings: list(object({ id: text, severity: oneOf('info', 'low', 'medium', 'high'), text })),
    phases: list(object({ phase: text, from: number, to: orNull(number) })),
    probes: list(
      object({
        name: text,
        kind: text,
        every: number,
        samples: count,
        missed: count,
        unknown: count,
        slip: orNull(object({ p50: number, p99: number })),
      }),
    ),
    load: orNull(object({ kind: text, detail: anything })),
    environment: { type: 'object' },
    clock: object({ origin: text, end: orNull(text), boot: text, error: orNull(number), unit: oneOf('s') }),
  }),
  $defs: { interval, measured: { anyOf: [measure, notMeasured] } },
}
