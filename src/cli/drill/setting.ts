import type { Diagnostic } from '../../experiment/diagnostic.ts'
import { registry } from '../../registry/index.ts'
import { renderDiagnostics } from '../diagnostics.ts'
import { homeFolder } from '../home.ts'
import type { Paint } from '../terminal.ts'
import { newRunId } from './environment.ts'
import type { PrepareInput } from './prepare.ts'
import { parseSets, type Source } from './read.ts'

export interface SettingInput {
  readonly sets: readonly string[]
  readonly version: string
  readonly env: Readonly<Record<string, string | undefined>>
  /** For stderr. */
  readonly paint: Paint
  readonly write: (text: string) => void
  readonly progress: (text: string) => void
}

/** Where a drill happens: everything of `PrepareInput` but the file and what ends it. */
export type Setting = Omit<PrepareInput, 'file' | 'signal'>

/** The real world for one drill: this home, this boot's clock, a run name of its own. Throws (usage) for a `--set` without a name. */
export function settingOf({ sets, version, env, paint, write, progress }: SettingInput): Setting {
  const problems = (source: Source, diagnostics: readonly Diagnostic[]): void =>
    write(`${renderDiagnostics(diagnostics, source.text, paint)}\n\n`)
  return {
    set: parseSets(sets),
    registry,
    env,
    home: homeFolder(env),
    run: newRunId(Date.now() / 1000, Math.random),
    version,
    monotonic: process.hrtime.bigint(),
    progress,
    problems,
  }
}
