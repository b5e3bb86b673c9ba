import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { describe, refused } from '../domain/error.ts'
import type { Secret } from '../domain/shape.ts'
import type { Context } from './context.ts'

/**
 * The value behind a reference, read at use and never kept. The last line end of a file is not part of it.
 * A plain text is its own value. Throws a DrillError that names the reference when there is nothing behind it.
 */
export function reveal(of: Secret | string, { env, folder }: Pick<Context, 'env' | 'folder'>): string {
  if (typeof of === 'string') return of
  if ('env' in of) {
    const value = env[of.env]
    if (value === undefined)
      throw refused(`The environment has no ${of.env}, which a secret refers to`, 'SECRET_MISSING', [`export ${of.env}=…`])
    return value
  }
  if ('file' in of) {
    try {
      return readFileSync(resolve(folder, of.file), 'utf8').replace(/\r?\n$/, '')
    } catch (error) {
      throw refused(
        `The secret file ${of.file} cannot be read: ${describe(error)}`,
        'SECRET_MISSING',
        [`ls -l ${resolve(folder, of.file)}`],
        error,
      )
    }
  }
  throw refused(`Secrets of the kind ${of.secret.split(':')[0]}: are not built yet`, 'SECRET_KIND', ['use {env: NAME} or {file: PATH}'])
}
