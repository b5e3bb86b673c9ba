import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { afterMachineError, describe, usage } from '../../domain/error.ts'
import { starterExperiment } from '../../experiment/starter.ts'

export interface InitJson {
  readonly file: string
}

/** Writes a commented experiment. Throws (usage) when the file is there already or cannot be written. */
export function initFile(file: string, force: boolean): InitJson {
  if (!force && existsSync(file))
    throw usage(`${file} is there already.`, 'FILE_EXISTS', [`firedrill init ${file} --force`, `firedrill validate ${file}`])
  try {
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, starterExperiment())
  } catch (error) {
    throw usage(`${file} cannot be written: ${describe(error)}`, 'FILE_UNWRITABLE', afterMachineError(error, dirname(file)), error)
  }
  return { file }
}
