import { existsSync, globSync, readFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import type { DrillRecord } from '../../domain/record.ts'
import type { DrillVerdict } from '../../domain/verdict.ts'
import { listRuns } from '../../engine/home/runs.ts'
import { sayMeasured } from '../../reports/words.ts'
import { homeFolder } from '../host/home.ts'
import type { Paint } from '../host/terminal.ts'
import { shownPath } from '../input/experiment-files.ts'
import { table } from '../output/table.ts'

export interface HistoryJson {
  readonly drills: readonly {
    readonly run: string
    readonly began: string
    readonly title: string
    readonly file: string
    /** null: it has no report (it runs still, or its folder is gone). */
    readonly verdict: DrillVerdict | null
    readonly reason: string
    readonly objectives: readonly { readonly name: string; readonly measured: string; readonly verdict: string }[]
    readonly folder: string
  }[]
}

type Drill = HistoryJson['drills'][number]

function readRecord(folder: string): DrillRecord | undefined {
  const file = join(folder, 'report.json')
  if (!existsSync(file)) return undefined
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as DrillRecord
  } catch {
    return undefined
  }
}

const ofRecord = (record: DrillRecord, folder: string): Drill => ({
  run: record.run,
  began: record.clock.origin,
  title: record.experiment.title,
  file: record.experiment.file,
  verdict: record.verdict,
  reason: record.reason,
  objectives: record.objectives.map(({ name, measured, verdict }) => ({ name, measured: sayMeasured(measured), verdict })),
  folder: shownPath(folder),
})

export interface HistoryInput {
  readonly reports: string
  readonly limit: number
  readonly title: string | undefined
  readonly env: Readonly<Record<string, string | undefined>>
}

/** Of every experiment the newest drill counts: 0 all held, 1 one was not, 2 none, or it cannot be told. */
function exitOf(drills: readonly Drill[]): 0 | 1 | 2 {
  const newest = [...new Map(drills.toReversed().map((each) => [`${each.file} ${each.title}`, each])).values()]
  if (newest.some(({ verdict }) => verdict !== null && verdict !== 'held' && verdict !== 'unknown')) return 1
  return newest.length > 0 && newest.every(({ verdict }) => verdict === 'held') ? 0 : 2
}

/** Every drill that this machine remembers or that lies in the reports folder, newest first, each once. */
export async function historyOf({
  reports,
  limit,
  title,
  env,
}: HistoryInput): Promise<{ readonly json: HistoryJson; readonly exit: 0 | 1 | 2 }> {
  const runs = await listRuns(homeFolder(env))
  const remembered = runs.map((info): Drill => {
    const record = readRecord(info.out)
    if (record) return ofRecord(record, info.out)
    const { run, began, file } = info
    return {
      run,
      began,
      title: info.title,
      file,
      verdict: null,
      reason: info.end ?? info.state,
      objectives: [],
      folder: shownPath(info.out),
    }
  })
  const lying = globSync('*/report.json', { cwd: resolve(reports) }).flatMap((file): Drill[] => {
    const folder = resolve(reports, dirname(file))
    const record = readRecord(folder)
    return record ? [ofRecord(record, folder)] : []
  })
  const all = [...new Map([...lying, ...remembered].map((each) => [each.run, each])).values()]
  const wanted = title === undefined ? all : all.filter((each) => each.title.includes(title) || each.file.includes(title))
  const drills = wanted.toSorted((a, b) => (a.began < b.began ? 1 : -1))
  return { json: { drills: drills.slice(0, limit) }, exit: exitOf(drills) }
}

export function renderHistory({ drills }: HistoryJson, paint: Paint): string {
  if (drills.length === 0) return 'No drill yet. To run one: firedrill init drill.yaml && firedrill run drill.yaml'
  const rows = drills.map(({ began, verdict, title, objectives, folder }) => [
    began.replace('T', ' ').slice(0, 19),
    verdict === 'held' ? paint.green(verdict) : verdict === null ? '—' : paint.red(verdict),
    title,
    objectives.map(({ name, measured }) => `${name} ${measured}`).join(', '),
    paint.dim(folder),
  ])
  return table(rows)
}
