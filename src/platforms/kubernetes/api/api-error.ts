import { describe, OutsideError } from '../../../domain/error.ts'

/** What the API server answered instead of what was asked for, or why it could not be asked. */
export class ApiError extends OutsideError {
  /** HTTP status; 0: no answer. */
  readonly status: number
  /** `Status.reason`, or a system error code where there was no answer. */
  readonly reason: string
  /** Of a 422 or a 429: what the server names as causes. */
  readonly causes: readonly string[]
  /** Seconds that the server asks to wait. */
  readonly retryAfter: number | undefined

  constructor(
    message: string,
    of: { readonly status: number; readonly reason: string; readonly causes?: readonly string[]; readonly retryAfter?: number | undefined },
    cause?: unknown,
  ) {
    super(message, ...codeOf(of.status, of.reason), cause)
    this.name = 'ApiError'
    this.status = of.status
    this.reason = of.reason
    this.causes = of.causes ?? []
    this.retryAfter = of.retryAfter
  }
}

/** What scripts refer to, and what a person would look at next. */
function codeOf(status: number, reason: string): readonly [code: string, next: readonly string[]] {
  if (status === 0) return ['API_UNREACHABLE', ['kubectl cluster-info', 'kubectl config get-contexts']]
  if (status === 401) return ['UNAUTHORIZED', ['kubectl auth whoami']]
  if (status === 403) return ['FORBIDDEN', ['kubectl auth can-i --list']]
  return [`API_${status}_${reason.replaceAll(/[^A-Za-z0-9]+/g, '_').toUpperCase()}`, ['kubectl get --raw /readyz']]
}

interface Status {
  readonly message?: string
  readonly reason?: string
  readonly details?: { readonly causes?: readonly { readonly reason?: string }[]; readonly retryAfterSeconds?: number }
}

/** The error behind an answer that is no success: a `Status` object, or whatever a proxy in between said. */
export function errorOf(status: number, body: string, what: string, retryAfterHeader: string | undefined): ApiError {
  const said = readStatus(body)
  const header = Number(retryAfterHeader)
  return new ApiError(`${what}: ${said.message ?? (body.slice(0, 200) || `HTTP ${status}`)}`, {
    status,
    reason: said.reason ?? `HTTP ${status}`,
    causes: said.details?.causes?.flatMap(({ reason }) => (reason === undefined ? [] : [reason])) ?? [],
    retryAfter: said.details?.retryAfterSeconds ?? (Number.isFinite(header) && header > 0 ? header : undefined),
  })
}

function readStatus(body: string): Status {
  try {
    const of: unknown = JSON.parse(body)
    return typeof of === 'object' && of !== null ? of : {}
  } catch {
    return {}
  }
}

export const noAnswer = (what: string, cause: unknown, server?: URL): ApiError =>
  new ApiError(
    `${what}: the API server${server === undefined ? '' : ` ${server.origin}`} does not answer: ${describe(cause)}`,
    {
      status: 0,
      reason: cause instanceof Error && 'code' in cause && typeof cause.code === 'string' ? cause.code : 'NoAnswer',
    },
    cause,
  )

const is = (error: unknown, ...status: readonly number[]): boolean => error instanceof ApiError && status.includes(error.status)

export const isGone = (error: unknown): boolean => is(error, 404)
export const isConflict = (error: unknown): boolean => is(error, 409)
/** A `test` of a JSON Patch failed (422), or the object's version is another (409). */
export const isChanged = (error: unknown): boolean => is(error, 409, 422)
export const isForbidden = (error: unknown): boolean => is(error, 403)
export const isUnauthorized = (error: unknown): boolean => is(error, 401)
/** A `resourceVersion` or a `continue` that is too old. */
export const isExpired = (error: unknown): boolean => is(error, 410)
export const isUnanswered = (error: unknown): boolean => is(error, 0)
/** Whether it was carried out, nobody here knows. */
export const isUnclear = (error: unknown): boolean => is(error, 0, 500, 502, 504)
