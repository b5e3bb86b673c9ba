import { existsSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { usage } from '../../domain/error.ts'
import { EXIT } from '../../domain/verdict.ts'
import { runPaths } from '../../engine/home/layout.ts'
import { stopOf, unbegun } from '../host/failure.ts'
import { ownSignals, type Stoppable } from '../host/posix-signals.ts'
import type { Paint, Terminal } from '../host/terminal.ts'
import { drillClock, type Watcher, watchLive, watchNothing, watchPlainly } from '../live/live.ts'
import { renderPlan } from '../output/plan.ts'
import { askOnTerminal, consent } from './consent.ts'
import { type DrillDone, drill } from './drill.ts'
import { type Prepared, prepare } from './prepare.ts'
import type { Setting } from './setting.ts'

export interface RunInput {
  readonly setting: Setting
  readonly out: string | undefined
  readonly yes: boolean
  readonly approve: string | undefined
  readonly forceQuit: boolean
  readonly quiet: boolean
  readonly terminal: Terminal
  /** For stderr. */
  readonly paint: Paint
  readonly write: (text: string) => void
}

function folderOf(out: string | undefined, run: string): string {
  const folder = resolve(out ?? join('reports', run))
  if (existsSync(join(folder, 'journal.ndjson'))) throw usage(`${folder} holds a drill already.`, 'OUT_TAKEN', ['choose another --out'])
  return folder
}

/** What stands on the terminal while a drill runs, and is swapped in when there is a plan to watch. */
interface Watching {
  watcher: Watcher
}

const FORCED = 'leaving now; the watchdog undoes what is still broken'

/** First Ctrl-C: abort and undo. Second: what is being waited for. Third, or second under `--force-quit`: leave it to the watchdog. */
function stoppable(interrupt: AbortController, watching: Watching, { setting, forceQuit, write }: RunInput): Stoppable {
  const tell = (text: string): void => watching.watcher.tell(text)
  const force = (): void => {
    watching.watcher.close()
    write(`${FORCED}.\n  try: firedrill status\n  try: firedrill undo --run ${setting.run}\n`)
    process.exit(EXIT['undo-failed'])
  }
  return {
    stop: (why) => {
      tell(`stopping (${why}): everything that was injected is being undone …`)
      interrupt.abort(stopOf(why === 'SIGINT' ? 'Ctrl-C' : why))
    },
    explain: () => {
      if (forceQuit) return force()
      tell('still undoing; a third Ctrl-C leaves now, and the watchdog goes on undoing. To look: firedrill status')
    },
    force,
    crashed: (error) => interrupt.abort(error),
  }
}

async function approved(prepared: Prepared, { approve, yes, terminal, paint, write, setting, quiet }: RunInput): Promise<void> {
  const { plan } = prepared
  const needsAnswer = !('sandbox' in plan.experiment.system)
  if (needsAnswer && !quiet) write(`${renderPlan(plan, paint)}\n\n`)
  const how = await consent({ plan, yes, approve, asks: terminal.asks, file: setting.file, ask: askOnTerminal })
  if (how !== 'asked')
    setting.progress(
      `plan ${plan.hash.slice(0, 12)}, approved by ${how === 'yes' ? '--yes' : how === 'approved' ? '--approve' : 'being the sandbox'}`,
    )
}

function watcherFor(prepared: Prepared, monotonic: bigint, input: RunInput): Watcher {
  const { terminal, paint, write, setting, quiet } = input
  if (quiet) return watchNothing
  if (!terminal.live) return watchPlainly((line) => write(`${line}\n`))
  const size = (): { columns: number; rows: number } => ({ columns: process.stderr.columns || 80, rows: process.stderr.rows || 24 })
  return watchLive({ plan: prepared.plan, run: setting.run, paint, port: { write, size }, now: drillClock(monotonic) })
}

async function live(prepared: Prepared, out: string, interrupt: AbortSignal, watching: Watching, input: RunInput): Promise<DrillDone> {
  // The drill's clock begins now, not when somebody was asked or a sandbox was started.
  const monotonic = process.hrtime.bigint()
  watching.watcher = watcherFor(prepared, monotonic, input)
  try {
    return await drill(prepared, {
      ...input.setting,
      monotonic,
      out,
      interrupt,
      hooks: {
        onEntry: (entry) => watching.watcher.entry(entry),
        onSamples: (probe, block) => watching.watcher.samples(probe, block),
        onTally: (tally) => watching.watcher.tally(tally),
      },
    })
  } finally {
    watching.watcher.close()
    watching.watcher = watchNothing
  }
}

/** What a sandbox has written for a drill that never began. A run that is in the index stays. */
async function forgetUnbegun({ home, run }: Setting): Promise<void> {
  const { folder, info } = runPaths(home, run)
  if (!existsSync(info)) await rm(folder, { recursive: true, force: true }).catch(() => undefined)
}

/**
 * From a file to a reported drill: prepare, ask, run, watch. Rejects with a DrillError when nothing was begun; everything after that is in the
 * record. Owns the signals all the while.
 */
export async function runFile(input: RunInput): Promise<DrillDone> {
  const { setting, write } = input
  const out = folderOf(input.out, setting.run)
  const interrupt = new AbortController()
  const watching: Watching = { watcher: { ...watchNothing, tell: (text) => write(`${text}\n`) } }
  using _ = ownSignals(stoppable(interrupt, watching, input))
  try {
    const prepared = await prepare({ ...setting, signal: interrupt.signal })
    if (prepared.kind === 'invalid') throw setting.problems(prepared)
    await using held = prepared
    await approved(held, input)
    return await live(held, out, interrupt.signal, watching, input)
  } catch (error) {
    await forgetUnbegun(setting)
    throw unbegun(error, setting.file, interrupt.signal)
  }
}
