import { EXIT, type ExitCode } from './verdict.ts'

export interface DrillErrorOptions {
  /** Stable, upper snake case: scripts and docs refer to it. */
  readonly code: string
  readonly exit: ExitCode
  /** What to type next, most useful first. */
  readonly next?: readonly string[]
  readonly cause?: unknown
}

/** An error that a person is meant to read: one sentence, what to type next, the exit code that it means. */
export class DrillError extends Error {
  readonly code: string
  readonly exit: ExitCode
  readonly next: readonly string[]

  constructor(message: string, options: DrillErrorOptions) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.name = 'DrillError'
    this.code = options.code
    this.exit = options.exit
    this.next = options.next ?? []
  }
}

/**
 * What something outside answered, or that it did not: no bug of ours, and a second try may go better. Where nothing was done yet it is a
 * refusal; while something is faulted it is tried again.
 */
export class OutsideError extends Error {
  readonly code: string
  /** What to type next, most useful first. */
  readonly next: readonly string[]

  constructor(message: string, code: string, next: readonly string[], cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause })
    this.name = 'OutsideError'
    this.code = code
    this.next = next
  }
}

/** Nothing was injected: found at resolve, preflight or start. */
export const refused = (message: string, code: string, next: readonly string[] = [], cause?: unknown): DrillError =>
  new DrillError(message, { code, exit: EXIT.refused, next, cause })

/** The call or the file alone is wrong. */
export const usage = (message: string, code: string, next: readonly string[] = [], cause?: unknown): DrillError =>
  new DrillError(message, { code, exit: EXIT.usage, next, cause })

const OF_THE_MACHINE = new Set([
  'EACCES',
  'EPERM',
  'EROFS',
  'ENOSPC',
  'EDQUOT',
  'EIO',
  'EFBIG',
  'EMFILE',
  'ENFILE',
  'ENOTDIR',
  'EISDIR',
  'ENAMETOOLONG',
])

/** Whether this machine refused something: rights, space, limits. No bug of ours, and nothing that a second try mends. */
export const isMachineError = (error: unknown): error is Error =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' && OF_THE_MACHINE.has(error.code)

/** What to look at when files cannot be written in `folder`. */
export const afterMachineError = (error: unknown, folder: string): readonly string[] =>
  error instanceof Error && 'code' in error && (error.code === 'ENOSPC' || error.code === 'EDQUOT')
    ? [`df -h ${folder}`]
    : [`ls -ld ${folder}`]

/** One sentence for anything that was thrown, with the system's own code where there is one. */
export function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const code = 'code' in error && typeof error.code === 'string' ? error.code : undefined
  const inner = error instanceof AggregateError && error.errors.length > 0 ? describe(error.errors[0]) : undefined
  const message = error.message || inner || code || error.name
  return code !== undefined && !message.includes(code) && !(error instanceof DrillError || error instanceof OutsideError)
    ? `${message} (${code})`
    : message
}
