import { globSync, readFileSync, statSync } from 'node:fs'
import { isAbsolute, join, relative } from 'node:path'
import { describe, usage } from '../../domain/error.ts'

const YAML = /\.ya?ml$/i
const IGNORED = /(?:^|\/)(?:node_modules|\.git|dist)(?:\/|$)/

const kindOf = (path: string): 'file' | 'folder' | 'nothing' => {
  const stat = statSync(path, { throwIfNoEntry: false })
  if (stat?.isDirectory()) return 'folder'
  return stat ? 'file' : 'nothing'
}

function expand(argument: string): readonly string[] {
  const kind = kindOf(argument)
  if (kind === 'file') return [argument]
  const pattern = kind === 'folder' ? join(argument, '**', '*.{yaml,yml}') : argument
  return globSync(pattern)
    .filter((path) => YAML.test(path) && !IGNORED.test(path) && kindOf(path) === 'file')
    .toSorted()
}

/** The experiment files that files, folders and globs name, each once, in order. Throws (usage) for one that names none. */
export function experimentFiles(named: readonly string[]): readonly string[] {
  const found = named.flatMap((argument) => {
    const files = expand(argument)
    if (files.length === 0) throw usage(`There is no experiment file at ${argument}.`, 'FILE_MISSING', ['firedrill init FILE'])
    return files
  })
  return [...new Set(found)]
}

/** The text of a file. Throws (usage) when it cannot be read. */
export function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    const missing = error instanceof Error && 'code' in error && error.code === 'ENOENT'
    throw usage(`${file} cannot be read: ${describe(error)}`, 'FILE_UNREADABLE', missing ? [`firedrill init ${file}`] : [], error)
  }
}

/** A path as a person here would type it. */
export function shownPath(path: string, folder = process.cwd()): string {
  const short = relative(folder, path)
  return short === '' || short.startsWith('..') || isAbsolute(short) ? path : short
}
