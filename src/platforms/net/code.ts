/** Codes of this machine's own trouble: no port, no file descriptor, no memory, no route to send by. */
const LOCAL = new Set(['EADDRNOTAVAIL', 'EMFILE', 'ENFILE', 'ENOBUFS', 'ENOMEM', 'ENETUNREACH', 'ENETDOWN'])

/**
 * The short code of a failed request: the system's or Node's own, `error` where there is none.
 * `local:…` when the request could not leave this machine, which says nothing about the system.
 */
export function codeOf(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) return codeOf(error.errors[0])
  const code = error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : 'error'
  return LOCAL.has(code) ? `local:${code}` : code
}
