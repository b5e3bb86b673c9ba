import { join, resolve } from 'node:path'
import { type DrillError, usage } from '../domain/error.ts'
import type { Json, JsonObject } from '../domain/json.ts'
import { runPaths } from '../engine/home/layout.ts'
import type { Diagnostic } from '../experiment/diagnostic.ts'
import { registry } from '../registry/index.ts'
import { renderDiagnostics } from './diagnostics.ts'
import { newRunId } from './drill/environment.ts'
import type { Invalid, PrepareRequest } from './drill/prepare.ts'
import { shownPath } from './experiment-files.ts'
import { plural } from './format.ts'
import { homeFolder } from './home.ts'
import type { Paint } from './terminal.ts'

/** Where a drill happens: everything of a `PrepareRequest` but what ends it. */
export type Setting = Omit<PrepareRequest, 'signal'> & { readonly home: string; readonly problems: (of: Invalid) => DrillError }

export interface SettingInput {
  readonly file: string
  readonly sets: readonly string[]
  readonly version: string
  readonly env: Readonly<Record<string, string | undefined>>
  /** For stderr. */
  readonly paint: Paint
  readonly write: (text: string) => void
  readonly progress: (text: string) => void
}

/** `--set name=value`, last one wins. Throws (usage) for one without a name. */
export function parseSets(sets: readonly string[]): Readonly<Record<string, string>> {
  return Object.fromEntries(
    sets.map((text) => {
      const at = text.indexOf('=')
      if (at < 1) throw usage(`--set ${text}: write --set name=value.`, 'SET_SYNTAX')
      return [text.slice(0, at), text.slice(at + 1)]
    }),
  )
}

const errorsIn = (diagnostics: readonly Diagnostic[]): number => diagnostics.filter(({ severity }) => severity === 'error').length

/** The real world for one drill: this home, this boot's clock, a run name of its own. Throws (usage) for a `--set` without a name. */
export function settingOf({ file, sets, version, env, paint, write, progress }: SettingInput): Setting {
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
      write(`${renderDiagnostics(diagnostics, text, paint)}\n\n`)
      return usage(`${shown} has ${plural(errorsIn(diagnostics), 'error')}; nothing was done.`, 'EXPERIMENT_INVALID', [
        `firedrill validate ${shown}`,
      ])
    },
  }
}

/** `name=value` with the value read as JSON where it is JSON (`true`, `5`), else as text. */
export const parseOptions = (options: readonly string[]): JsonObject =>
  Object.fromEntries(Object.entries(parseSets(options)).map(([name, value]) => [name, jsonOr(value)]))

function jsonOr(text: string): Json {
  try {
    return JSON.parse(text) as Json
  } catch {
    return text
  }
}
