import { refused } from '../domain/error.ts'
import type { Json, JsonObject } from '../domain/json.ts'
import { parseDuration, type Seconds, seconds } from '../domain/time.ts'

/** How a checker decides: a failing answer or none within `timeout` counts; `fall` in a row is down, `rise` in a row is up. */
export interface Cadence {
  readonly every: Seconds
  readonly timeout: Seconds
  readonly fall: number
  readonly rise: number
}

export interface SandboxOptions {
  /** Commits wait for the standby. */
  readonly synchronous: boolean
  /** The edge's checks of the regions. */
  readonly health: Cadence
  /** The controller's checks of the primary database. */
  readonly database: Cadence
  readonly edge: {
    /** How long a request waits for a region before it is answered 504. */
    readonly timeout: Seconds
    /** Where requests go while it is up. */
    readonly prefer: 'eu' | 'us'
    /** Whether connections to a region are kept; else every request has one of its own, and meets a link's trouble by itself. */
    readonly keepAlive: boolean
  }
  readonly alert: { readonly every: Seconds; readonly for: Seconds }
  /** How long it lives after the last sign of an owner. */
  readonly idle: Seconds
}

/** A kill is failed over within 1 to 2 s, a hang within 3 to 4 s: an unanswered check costs its timeout, a refused one nothing. */
export const DEFAULTS: SandboxOptions = {
  synchronous: false,
  health: { every: seconds(0.5), timeout: seconds(1), fall: 3, rise: 3 },
  database: { every: seconds(0.4), timeout: seconds(1), fall: 3, rise: 1 },
  edge: { timeout: seconds(1.5), prefer: 'eu', keepAlive: true },
  alert: { every: seconds(0.2), for: seconds(1) },
  idle: seconds(600),
}

type Kind = 'flag' | 'duration' | 'count' | 'region'
const CADENCE = { every: 'duration', timeout: 'duration', fall: 'count', rise: 'count' } as const
const KINDS: Readonly<Record<string, Kind | Readonly<Record<string, Kind>>>> = {
  synchronous: 'flag',
  health: CADENCE,
  database: CADENCE,
  edge: { timeout: 'duration', prefer: 'region', keepAlive: 'flag' },
  alert: { every: 'duration', for: 'duration' },
  idle: 'duration',
}

/** Reads what stands beside `sandbox: two-region`; an absent option has its default. Throws a refusal that names the option. */
export function readOptions(given: JsonObject): SandboxOptions {
  const merged: Record<string, Json> = structuredClone(DEFAULTS) as unknown as Record<string, Json>
  for (const [key, value] of Object.entries(given)) {
    const kind = KINDS[key]
    if (kind === undefined || value === undefined) throw unknown(key, Object.keys(KINDS))
    merged[key] = typeof kind === 'string' ? read(key, kind, value) : { ...(merged[key] as JsonObject), ...readGroup(key, kind, value) }
  }
  return merged as unknown as SandboxOptions
}

function readGroup(group: string, kinds: Readonly<Record<string, Kind>>, value: Json): JsonObject {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) {
    throw refused(`The sandbox option ${group} is a mapping of ${Object.keys(kinds).join(', ')}.`, 'SANDBOX_OPTION')
  }
  return Object.fromEntries(
    Object.entries(value).map(([key, inner = null]) => {
      const kind = kinds[key]
      if (kind === undefined) throw unknown(`${group}.${key}`, Object.keys(kinds))
      return [key, read(`${group}.${key}`, kind, inner)]
    }),
  )
}

function read(name: string, kind: Kind, value: Json): Json {
  switch (kind) {
    case 'flag':
      if (value === true || value === 'true') return true
      if (value === false || value === 'false') return false
      throw wrong(name, 'true or false', value)
    case 'duration': {
      const length = typeof value === 'string' ? parseDuration(value) : undefined
      if (length === undefined || length <= 0) throw wrong(name, 'a length of time such as 500ms', value)
      return length
    }
    case 'count': {
      const amount = Number(value)
      if (!Number.isInteger(amount) || amount < 1) throw wrong(name, 'a whole number of at least 1', value)
      return amount
    }
    case 'region':
      if (value !== 'eu' && value !== 'us') throw wrong(name, 'eu or us', value)
      return value
  }
}

const unknown = (name: string, known: readonly string[]): Error =>
  refused(`The sandbox has no option ${name}; it has ${known.join(', ')}.`, 'SANDBOX_OPTION')
const wrong = (name: string, what: string, value: Json): Error =>
  refused(`The sandbox option ${name} is ${what}, not ${JSON.stringify(value)}.`, 'SANDBOX_OPTION')
