import { readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { expect } from 'vitest'
import type { DrillRecord } from '../../src/domain/record.ts'
import { type DrillVerdict, EXIT } from '../../src/domain/verdict.ts'
import { eventsOf, type Place, place, recordOf, root, run } from './cli.ts'
import { truthChecks } from './truth-checks.ts'

/** `# ends: held`: how the experiment says it ends. */
function endsOf(file: string): DrillVerdict {
  const said = /^# ends: (\S+)$/m.exec(readFileSync(join(root, file), 'utf8'))?.[1]
  if (said === undefined || !(said in EXIT)) throw new Error(`${file} does not say how it ends`)
  return said as DrillVerdict
}

interface Setting {
  readonly set?: Readonly<Record<string, string>>
  readonly env?: Readonly<Record<string, string>>
  /** Also that nobody has to ask. */
  readonly yes?: boolean
}

/** Runs a sandbox experiment through the real program and holds it to its `# ends:` line, the sandbox's own log, and a clean end. */
export const drillAsItSays = (file: string): Promise<DrillRecord> => drillAndCheck(file, truthChecks[basename(file, '.yaml')])

/** The same for any experiment; `check` holds its numbers to a truth of its own. */
export async function drillAndCheck(
  file: string,
  check: ((record: DrillRecord, at: Place) => void) | undefined,
  { set = {}, env = {}, yes = false }: Setting = {},
): Promise<DrillRecord> {
  using at = place()
  const world = { ...at.env, ...env }
  const sets = Object.entries(set).flatMap(([name, value]) => ['--set', `${name}=${value}`])
  const ended = await run(['run', file, '--out', at.out, ...sets, ...(yes ? ['--yes'] : [])], world)
  const record = recordOf(at.out)
  expect(record.verdict, `${record.reason}\n${ended.stderr}`).toBe(endsOf(file))
  expect(ended.code).toBe(EXIT[record.verdict])
  check?.(record, at)

  const again = await run(['report', at.out, '--json'], world)
  expect(again.code, again.stderr).toBe(ended.code)
  expect(JSON.parse(again.stdout), 'the folder alone gives the same record').toEqual(record)
  const left = await run(['status', '--json'], world)
  expect(left.code, left.stderr).toBe(0)
  expect(eventsOf(at.out, 'left-behind')).toEqual([])
  expect(eventsOf(at.out, 'undo.ended').filter(({ state }) => state === 'failed')).toEqual([])
  return record
}
