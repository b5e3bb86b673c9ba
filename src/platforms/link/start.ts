import type { JsonObject } from '../../domain/json.ts'
import type { Address } from './rule.ts'

/** The one argument of `proxy-main`, as JSON. */
export interface ProxyStart {
  readonly name: string
  readonly listen: Address
  readonly to: Address
  /** Path of the control socket. */
  readonly control: string
  /** NDJSON file of what it did, on CLOCK_MONOTONIC. */
  readonly log?: string
  /** Ends when its standard input ends. */
  readonly dieWithStdin?: boolean
}

/** The one line it prints when it accepts connections. */
export interface ProxyReady {
  readonly ready: true
  readonly port: number
  readonly control: string
  readonly pid: number
}

const isAddress = (value: unknown): value is Address => {
  if (typeof value !== 'object' || value === null) return false
  const { host, port } = value as JsonObject
  return typeof host === 'string' && typeof port === 'number' && Number.isInteger(port) && port >= 0 && port <= 65_535
}

/** Reads the argument; undefined when it is not one. */
export function readStart(text: string | undefined): ProxyStart | undefined {
  try {
    const of: unknown = JSON.parse(text ?? '')
    if (typeof of !== 'object' || of === null) return undefined
    const { name, listen, to, control, log, dieWithStdin } = of as Record<string, unknown>
    if (typeof name !== 'string' || typeof control !== 'string' || !isAddress(listen) || !isAddress(to)) return undefined
    return { name, listen, to, control, ...(typeof log === 'string' ? { log } : {}), dieWithStdin: dieWithStdin === true }
  } catch {
    return undefined
  }
}
