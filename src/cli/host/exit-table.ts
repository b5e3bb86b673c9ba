import { EXIT } from '../../domain/verdict.ts'

const MEANING: Readonly<Record<keyof typeof EXIT, string>> = {
  held: 'every objective held',
  broken: 'an objective was missed',
  unknown: 'it cannot be told: no effect, no data, or too wide an interval',
  aborted: 'aborted, and undone',
  refused: 'refused or not steady: nothing was injected',
  'undo-failed': 'undo failed: something of ours is still faulted',
  usage: 'bad usage, or an error that the file alone shows',
  error: 'a bug in firedrill',
}

/** The one table of exit codes, for `--help` and the README. */
export const exitTable = (): string =>
  Object.entries(EXIT)
    .map(([name, code]) => `${String(code).padStart(4)}  ${name.padEnd(12)} ${MEANING[name as keyof typeof EXIT]}`)
    .join('\n')
