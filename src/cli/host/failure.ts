import { DrillError, describe, isMachineError, OutsideError, refused } from '../../domain/error.ts'
import { EXIT } from '../../domain/verdict.ts'

/** An error as it is shown: one sentence, what to type next, what lay beneath. */
export interface Failure {
  readonly code: string
  readonly message: string
  readonly next: readonly string[]
  readonly causes: readonly string[]
  readonly exit: number
  /** A bug of firedrill's own: the stack is worth reading. */
  readonly stack: string | null
}

/** What oclif puts on its errors. */
interface OclifError extends Error {
  readonly oclif: { readonly exit?: number | false }
  readonly suggestions?: readonly string[]
}

const isOclif = (error: Error): error is OclifError => 'oclif' in error && typeof error.oclif === 'object' && error.oclif !== null

/** Several errors in one coat (a scope's disposal, an aggregate), outermost first. */
function unwrap(error: unknown): readonly unknown[] {
  if (error instanceof SuppressedError) return [...unwrap(error.suppressed), ...unwrap(error.error)]
  if (error instanceof AggregateError) return error.errors.flatMap(unwrap)
  return [error]
}

/** Causes that the message does not tell already. */
function causesOf(error: unknown): readonly string[] {
  const causes: string[] = []
  let cause = error instanceof Error ? error.cause : undefined
  while (cause !== undefined && causes.length < 5) {
    const text = describe(cause)
    if (!describe(error).includes(text)) causes.push(text)
    cause = cause instanceof Error ? cause.cause : undefined
  }
  return causes
}

/** oclif's messages, in one sentence. */
const plain = (text: string): string =>
  text
    .replace(/\nSee more help with --help$/, '')
    .replace(/\nNote: --\S+ allows multiple values[^]*$/, '')
    .replace(/^The following errors? occurred:\s*/, '')
    .replaceAll(/\s*\n\s*/g, ' ')
    .trim()

/** Whoever refuses without a hint leaves a person with the next best one. */
const nextOf = ({ next, exit }: DrillError, command: string): readonly string[] =>
  next.length > 0 ? next : [exit === EXIT.usage ? `${command} --help` : 'firedrill doctor']

/**
 * What kept a drill from beginning: somebody's wish to stop, or the error itself with the experiment's name where it says FILE. A bug stays
 * what it is.
 */
export function unbegun(thrown: unknown, file: string, stop: AbortSignal): unknown {
  const error = thrown instanceof OutsideError ? refused(thrown.message, thrown.code, thrown.next, thrown.cause) : thrown
  if (stop.aborted && error === stop.reason && isStop(error))
    return refused(`Interrupted (${error.message}); nothing was injected.`, 'INTERRUPTED', [`firedrill run ${file}`])
  if (!(error instanceof DrillError)) return error
  const fallback = isMachineError(error.cause) ? 'firedrill doctor' : 'firedrill plan FILE'
  const next = (error.next.length > 0 ? error.next : [fallback]).map((step) => step.replaceAll(/\bFILE\b/g, file))
  return new DrillError(error.message, { code: error.code, exit: error.exit, next, cause: error.cause })
}

/** A person's wish to stop, as the reason of an abort. */
export const stopOf = (why: string): Error => Object.assign(new Error(why), { name: STOP })
const STOP = 'Stop'
const isStop = (error: unknown): error is Error => error instanceof Error && error.name === STOP

function failureOfOne(error: unknown, command: string): Failure {
  const causes = causesOf(error)
  if (error instanceof DrillError) {
    return { code: error.code, message: error.message, next: nextOf(error, command), causes, exit: error.exit, stack: null }
  }
  if (error instanceof Error && isOclif(error)) {
    const exit = typeof error.oclif.exit === 'number' ? error.oclif.exit : EXIT.usage
    return { code: 'USAGE', message: plain(error.message), next: error.suggestions ?? [`${command} --help`], causes, exit, stack: null }
  }
  if (error instanceof OutsideError)
    return { code: error.code, message: error.message, next: error.next, causes, exit: EXIT.refused, stack: null }
  if (isMachineError(error))
    return {
      code: 'MACHINE',
      message: `this machine refused: ${describe(error)}`,
      next: ['firedrill doctor'],
      causes,
      exit: EXIT.refused,
      stack: null,
    }
  const stack = error instanceof Error ? (error.stack ?? null) : null
  return {
    code: 'BUG',
    message: `this is a bug in firedrill: ${describe(error)}`,
    next: ['firedrill status', 'firedrill undo'],
    causes,
    exit: EXIT.error,
    stack,
  }
}

/** What to show of anything that was thrown; where several errors came together, the first counts and the others are its causes. */
export function failureOf(error: unknown, command = 'firedrill'): Failure {
  const [first, ...others] = unwrap(error)
  const failure = failureOfOne(first, command)
  return others.length === 0 ? failure : { ...failure, causes: [...failure.causes, ...others.map(describe)] }
}

/** The text of a failure, for stderr. */
export function renderFailure(
  failure: Failure,
  paint: { readonly red: (text: string) => string; readonly dim: (text: string) => string },
): string {
  const lines = [`${paint.red('error:')} ${failure.message}`]
  lines.push(...failure.next.map((command) => `  try: ${command}`))
  lines.push(...failure.causes.map((cause) => paint.dim(`  because: ${cause}`)))
  if (failure.stack !== null) lines.push(paint.dim(failure.stack.split('\n').slice(1, 8).join('\n')))
  return `${lines.join('\n')}\n`
}

/** The JSON of a failure, for stdout under `--json`: `{"error": {code, message, next, causes, exit}}`. */
export const failureJson = ({ code, message, next, causes, exit }: Failure): string =>
  `${JSON.stringify({ error: { code, message, next, causes, exit } }, null, 2)}\n`
