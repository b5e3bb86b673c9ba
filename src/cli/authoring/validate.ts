import { EXIT } from '../../domain/verdict.ts'
import type { Diagnostic } from '../../experiment/document/diagnostic.ts'
import { readExperiment } from '../../experiment/read.ts'
import { registry } from '../../registry/index.ts'
import type { Paint } from '../host/terminal.ts'
import { experimentFiles, readText } from '../input/experiment-files.ts'
import { renderDiagnostics } from '../output/diagnostics.ts'
import { plural } from '../output/format.ts'

type Values = Readonly<Record<string, string | undefined>>

export interface ValidateJson {
  readonly files: readonly {
    readonly file: string
    readonly valid: boolean
    readonly title: string | null
    readonly diagnostics: readonly Diagnostic[]
  }[]
  readonly errors: number
  readonly warnings: number
  readonly notes: number
}

export interface Validation {
  readonly json: ValidateJson
  readonly texts: ReadonlyMap<string, string>
  readonly exit: number
}

/** Reads every file that is named and lists all their problems. Throws (usage) for a name that names no file. */
export async function validateFiles(named: readonly string[], set: Values, env: Values): Promise<Validation> {
  const texts = new Map(experimentFiles(named).map((file) => [file, readText(file)]))
  const files = [...texts].map(([file, text]) => {
    const { diagnostics, experiment } = readExperiment(text, { file, registry, lookup: { set, env }, mode: 'validate' })
    const valid = diagnostics.every(({ severity }) => severity !== 'error')
    return { file, valid, title: experiment?.title ?? null, diagnostics }
  })
  const count = (of: Diagnostic['severity']): number =>
    files.flatMap(({ diagnostics }) => diagnostics).filter(({ severity }) => severity === of).length
  const json = { files, errors: count('error'), warnings: count('warning'), notes: count('note') }
  return { json, texts, exit: json.errors > 0 ? EXIT.usage : EXIT.held }
}

export function renderValidation({ json, texts }: Validation, paint: Paint): string {
  const found = json.files.filter(({ diagnostics }) => diagnostics.length > 0)
  const problems = found.map(({ file, diagnostics }) => `${renderDiagnostics(diagnostics, texts.get(file) ?? '', paint)}\n`)
  const counts = [plural(json.errors, 'error'), plural(json.warnings, 'warning'), plural(json.notes, 'note')].join(', ')
  return [...problems, `${plural(json.files.length, 'file')}: ${counts}.`].join('\n')
}
