import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Registry } from '../../contracts/registry.ts'
import type { DrillRecord } from '../../domain/record.ts'
import { openFolder, seriesOf } from '../../evidence/folder.ts'
import { measure } from '../../measure/measure.ts'

/** The record of a drill from its folder alone. */
export const judgeFolder = (folder: string): DrillRecord => measure(openFolder(folder))

/** Writes every report of the registry from the folder alone; answers the record and the files. */
export function writeReports(
  folder: string,
  registry: Registry,
  into = folder,
): { readonly record: DrillRecord; readonly files: readonly string[] } {
  const evidence = openFolder(folder)
  const record = measure(evidence)
  const input = { record, journal: evidence.journal, series: seriesOf(evidence), experiment: evidence.experimentText }
  mkdirSync(into, { recursive: true })
  const files = [...registry.reports.values()].map((report) => {
    const file = join(into, report.file)
    writeWhole(file, report.render(input))
    return file
  })
  return { record, files }
}

/** A report that is there is whole: a full disk leaves the one before. */
function writeWhole(file: string, text: string | Uint8Array): void {
  const draft = `${file}.tmp`
  try {
    writeFileSync(draft, text)
    renameSync(draft, file)
  } catch (error) {
    rmSync(draft, { force: true })
    throw error
  }
}
