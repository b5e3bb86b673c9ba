/** What an objective can end as. `unknown` is never success. */
export type Verdict = 'held' | 'broken' | 'unknown'

/** What a drill can end as. */
export type DrillVerdict = Verdict | 'aborted' | 'refused' | 'undo-failed' | 'error'

/** The exit code of `run`, by verdict. 64 (usage) belongs to no drill. */
export const EXIT = {
  held: 0,
  broken: 1,
  unknown: 2,
  aborted: 3,
  refused: 4,
  'undo-failed': 5,
  usage: 64,
  error: 70,
} as const satisfies Record<DrillVerdict | 'usage', number>

export type ExitCode = (typeof EXIT)[keyof typeof EXIT]

/** What counts most, first: 5, 70, 3, 4, 1, 2, 0. */
const PRECEDENCE: readonly DrillVerdict[] = ['undo-failed', 'error', 'aborted', 'refused', 'broken', 'unknown', 'held']

/** The verdict that counts among several; of none it is `unknown`, because no data is never success. */
export function worst(verdicts: readonly DrillVerdict[]): DrillVerdict {
  return PRECEDENCE.find((candidate) => verdicts.includes(candidate)) ?? 'unknown'
}
