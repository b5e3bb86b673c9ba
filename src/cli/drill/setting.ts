import { join, resolve } from 'node:path'
import { type DrillError, usage } from '../../domain/error.ts'
import { runPaths } from '../../engine/home/layout.ts'
import type { Diagnostic } from '../../experiment/document/diagnostic.ts'
import { registry } from '../../registry/index.ts'
import { homeFolder } from '../host/home.ts'
import { colourLevel, paintFor } from '../host/terminal.ts'
import { shownPath } from '../input/experiment-files.ts'
import { parseSets } from '../input/sets.ts'
import { renderDiagnostics } from '../output/diagnostics.ts'
import { plural } from '../output/format.ts'
import { newRunId } from './environment.ts'
import type { Invalid, PrepareRequest } from './prepare.ts'

/** Where a drill happens: everything of a `PrepareRequest` but what ends it. */
export type Setting = Omit<PrepareRequest, 'signal'> & { readonly home: string; readonly problems: (of: Invalid) => DrillError }

export interface SettingInput {
  readonly file: string
  readonly sets: readonly string[]
  readonly version: string
  readonly progress: (text: string) => void
}

const errorsIn = (diagnostics: readonly Diagnostic[]): number => diagnostics.filter(({ severity }) => severity === 'error').length

/** The real world for one drill: this process's environment, this boot's clock, a run name of its own. Throws (usage) for a `--set` without a name. */
export function settingOf({ file, sets, version, progress }: SettingInput): Setting {
  const { env, stderr } = process
  const shown = shownPath(resolve(file))
  const home = homeFolder(env)
  const run = newRunId(Date.now() / 1000, Math.random)
  return {
    file: shown,
    set: parseSets(sets),
    registry,
    env,
    home,
    run,
    folder: join(runPaths(home, run).folder, 'sandbox'),
    version,
    monotonic: process.hrtime.bigint(),
    progress,
    problems: ({ text, diagnostics }) => {
      stderr.write(`${renderDiagnostics(diagnostics, text, paintFor(colourLevel(env, stderr)))}\n\n`)
      return usage(`${shown} has ${plural(errorsIn(diagnostics), 'error')}; nothing was done.`, 'EXPERIMENT_INVALID', [
        `firedrill validate ${shown}`,
      ])
    },
  }
}
