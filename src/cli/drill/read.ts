import { dirname, resolve } from 'node:path'
import type { Registry } from '../../contracts/registry.ts'
import { type DrillError, refused, usage } from '../../domain/error.ts'
import type { Experiment, SystemDecl } from '../../domain/experiment.ts'
import type { Diagnostic } from '../../experiment/diagnostic.ts'
import { type ReadResult, readExperiment } from '../../experiment/read.ts'
import { readText, shownPath } from '../experiment-files.ts'
import { plural } from '../format.ts'

type Values = Readonly<Record<string, string | undefined>>

/** An experiment's file as it was read from disk. */
export interface Source {
  /** Absolute. */
  readonly file: string
  readonly folder: string
  /** As a person here would type it. */
  readonly shown: string
  readonly text: string
}

export function openSource(path: string): Source {
  const file = resolve(path)
  return { file, folder: dirname(file), shown: shownPath(file), text: readText(path) }
}

/** `--set name=value`, last one wins. Throws (usage) for one without a name. */
export function parseSets(sets: readonly string[]): Values {
  return Object.fromEntries(
    sets.map((text) => {
      const at = text.indexOf('=')
      if (at < 1) throw usage(`--set ${text}: write --set name=value.`, 'SET_SYNTAX')
      return [text.slice(0, at), text.slice(at + 1)]
    }),
  )
}

/** Carries the diagnostics, which are shown with their source lines before the error. */
export interface ReadFailure {
  readonly diagnostics: readonly Diagnostic[]
  readonly error: DrillError
}

export type Read =
  | {
      readonly ok: true
      readonly experiment: Experiment
      readonly vars: Readonly<Record<string, string>>
      readonly diagnostics: readonly Diagnostic[]
    }
  | ({ readonly ok: false } & ReadFailure)

const errorsIn = (diagnostics: readonly Diagnostic[]): number => diagnostics.filter(({ severity }) => severity === 'error').length

function failure(source: Source, { diagnostics, later }: ReadResult): DrillError {
  const errors = errorsIn(diagnostics)
  if (errors > 0)
    return usage(`${source.shown} has ${plural(errors, 'error')}.`, 'EXPERIMENT_INVALID', [`firedrill validate ${source.shown}`])
  const kinds = later.map(({ what, name }) => `${what} ${name}`).join(', ')
  if (later.length > 0) return refused(`Not built yet: ${kinds}.`, 'NOT_BUILT_YET', ['firedrill catalog'])
  return usage(`${source.shown} is not complete.`, 'EXPERIMENT_INCOMPLETE', [`firedrill validate ${source.shown}`])
}

/** What is drilled, before its addresses are known: a sandbox must be up before the rest can be resolved. Not ok when the file alone is wrong. */
export function readSystem(
  source: Source,
  registry: Registry,
  set: Values,
  env: Values,
): { readonly ok: true; readonly system: SystemDecl } | ({ readonly ok: false } & ReadFailure) {
  const read = readExperiment(source.text, { file: source.shown, registry, lookup: { set, env }, mode: 'validate' })
  if (errorsIn(read.diagnostics) > 0 || read.later.length > 0 || read.system === undefined) {
    return { ok: false, diagnostics: read.diagnostics, error: failure(source, read) }
  }
  return { ok: true, system: read.system }
}

/** The experiment with every name resolved. */
export function readResolved(
  source: Source,
  registry: Registry,
  lookup: { readonly set: Values; readonly exports: Values; readonly env: Values },
): Read {
  const read = readExperiment(source.text, { file: source.shown, registry, lookup, mode: 'resolve' })
  if (read.experiment === undefined) return { ok: false, diagnostics: read.diagnostics, error: failure(source, read) }
  const vars = read.used.flatMap(({ name, from, value }) =>
    value === null || from === 'exports' || from === 'env' ? [] : [[name, value] as const],
  )
  return { ok: true, experiment: read.experiment, vars: Object.fromEntries(vars), diagnostics: read.diagnostics }
}
