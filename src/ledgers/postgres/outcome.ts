import type { WriteOutcome } from '../../contracts/ledger.ts'
import { describe } from '../../domain/error.ts'

export interface Answer {
  readonly outcome: WriteOutcome
  readonly code: string
  readonly node?: string
}

const codeOf = (error: unknown): string | undefined =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined
const severityOf = (error: unknown): string | undefined =>
  error instanceof Error && 'severity' in error && typeof error.severity === 'string' ? error.severity : undefined

const shortOf = (error: unknown): string => codeOf(error) ?? (/terminat|closed|ended/i.test(describe(error)) ? 'connection-lost' : 'error')

/** Nothing was sent: whatever went wrong while connecting is a definite no. */
export const neverSent = (error: unknown, signal: AbortSignal): Answer => ({
  outcome: 'fail',
  code: signal.aborted ? 'connect-timeout' : shortOf(error),
})

/**
 * The statement was sent. An ERROR is the server's word that the transaction was rolled back; FATAL and PANIC end the session, perhaps
 * after the commit; 40003 and class 08 say themselves that nobody knows; a lost connection or a timeout says nothing.
 */
export function afterSending(error: unknown, signal: AbortSignal): Answer {
  if (signal.aborted) return { outcome: 'info', code: 'timeout' }
  const code = codeOf(error)
  const definite = severityOf(error) === 'ERROR' && code !== undefined && code !== '40003' && !code.startsWith('08')
  return { outcome: definite ? 'fail' : 'info', code: shortOf(error) }
}
