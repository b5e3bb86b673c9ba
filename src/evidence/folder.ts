import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { DrillError } from '../domain/error.ts'
import type { JournalEntry } from '../domain/event.ts'
import type { Plan } from '../domain/plan.ts'
import { EXIT } from '../domain/verdict.ts'
import type { Evidence } from '../measure/evidence.ts'
import { readReads, readWrites } from './ledger-files.ts'
import { readSamples } from './samples.ts'

export { seriesOf } from './series.ts'

export interface FolderEvidence extends Evidence {
  /** The experiment's text as it was read; empty when the folder lacks it. */
  readonly experimentText: string
}

/**
 * Opens a drill's folder for measuring: `plan.json`, `journal.ndjson`, `samples/`, `ledgers/`. The journal is read now, samples and ledgers when
 * they are asked for; files that a drill never came to write are empty streams. Whether the folder was tampered with is the business of verifying.
 * Throws a DrillError (exit unknown) when there is no plan or no journal.
 */
export function openFolder(folder: string): FolderEvidence {
  const text = (name: string): string => {
    const file = join(folder, name)
    if (!existsSync(file)) throw noDrill(folder, name)
    return readFileSync(file, 'utf8')
  }
  const plan = parsed<Plan>(text('plan.json')) ?? failPlan(folder)
  const experiment = join(folder, 'experiment.yaml')
  return {
    plan,
    journal: text('journal.ndjson')
      .split('\n')
      .flatMap((line) => entryIn(line)),
    samples: (probe) => opened(join(folder, 'samples', `${probe}.csv`), readSamples),
    writes: (ledger) => opened(join(folder, 'ledgers', `${ledger}.writes.csv`), readWrites),
    reads: (file) => opened(join(folder, file), readReads),
    experimentText: existsSync(experiment) ? readFileSync(experiment, 'utf8') : '',
  }
}

/** A stream that can be opened again and again. */
const opened = <Block>(file: string, read: (file: string) => Iterable<Block>): Iterable<Block> => ({
  [Symbol.iterator]: () => (existsSync(file) ? read(file) : [])[Symbol.iterator](),
})

const entryIn = (line: string): readonly JournalEntry[] => {
  const entry = parsed<Partial<JournalEntry> | null>(line)
  return typeof entry?.at === 'number' && entry.event ? [entry as JournalEntry] : []
}

/** undefined for a line that a crash has torn. */
function parsed<T>(line: string): T | undefined {
  try {
    return JSON.parse(line) as T
  } catch {
    return undefined
  }
}

const noDrill = (folder: string, missing: string): DrillError =>
  new DrillError(`${folder} is not the folder of a drill: there is no ${missing}`, {
    code: 'NOT_A_DRILL',
    exit: EXIT.unknown,
    next: ['firedrill history   to see where drills are'],
  })

const failPlan = (folder: string): never => {
  throw new DrillError(`${join(folder, 'plan.json')} is damaged: it is no JSON`, { code: 'PLAN_DAMAGED', exit: EXIT.unknown })
}
