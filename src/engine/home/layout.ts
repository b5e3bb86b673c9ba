import { join } from 'node:path'

/** Where what must survive a crash lies, below the home folder. One folder a run, so that whoever cleans up finds all of it in one place. */
export interface RunPaths {
  readonly folder: string
  /** What the run is: see `RunInfo`. */
  readonly info: string
  readonly lease: string
  /** One file per thing that is broken or about to be. Empty: nothing of this run is. */
  readonly undo: string
  /** Its presence asks the engine to stop. */
  readonly stop: string
  readonly watchdogLog: string
  /** Written only when the drill's own folder cannot be. */
  readonly spareJournal: string
}

export const runsFolder = (home: string): string => join(home, 'runs')
export const locksFolder = (home: string): string => join(home, 'locks')

/** Where the state of one run lies below the home folder. */
export function runPaths(home: string, run: string): RunPaths {
  const folder = join(runsFolder(home), run)
  return {
    folder,
    info: join(folder, 'run.json'),
    lease: join(folder, 'lease.json'),
    undo: join(folder, 'undo'),
    stop: join(folder, 'stop.json'),
    watchdogLog: join(folder, 'watchdog.log'),
    spareJournal: join(folder, 'journal.ndjson'),
  }
}

/** The journal's name in the drill's folder. */
export const journalIn = (out: string): string => join(out, 'journal.ndjson')
