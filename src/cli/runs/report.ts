import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { describe, usage } from '../../domain/error.ts'
import type { DrillRecord } from '../../domain/record.ts'
import { journalIn } from '../../engine/home/layout.ts'
import { readRun } from '../../engine/home/runs.ts'
import { registry } from '../../registry/index.ts'
import { judgeFolder, writeReports } from '../drill/judge.ts'
import { homeFolder } from '../host/home.ts'

export interface ReportInput {
  readonly into: string | undefined
  readonly write: boolean
  readonly env: Readonly<Record<string, string | undefined>>
}

async function folderOf(named: string, env: ReportInput['env']): Promise<string> {
  if (existsSync(journalIn(resolve(named)))) return resolve(named)
  const known = await readRun(homeFolder(env), named).catch(() => undefined)
  if (known && existsSync(journalIn(known.out))) return known.out
  const beside = resolve(join('reports', named))
  if (existsSync(journalIn(beside))) return beside
  throw usage(`There is no drill at ${named}: it holds no journal.ndjson.`, 'NO_DRILL', ['firedrill history'])
}

/** The record of a drill from its folder, and its reports written anew. Rejects (usage) for a folder that holds no readable drill. */
export async function reportFolder(
  named: string,
  { into, write, env }: ReportInput,
): Promise<{ readonly record: DrillRecord; readonly out: string }> {
  const folder = await folderOf(named, env)
  const out = into === undefined ? folder : resolve(into)
  try {
    return { record: write ? writeReports(folder, registry, out).record : judgeFolder(folder), out }
  } catch (error) {
    throw usage(`${folder} cannot be measured: ${describe(error)}`, 'DRILL_UNREADABLE', ['firedrill history'], error)
  }
}
