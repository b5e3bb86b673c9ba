import { tmpdir } from 'node:os'
import { isAbsolute, join } from 'node:path'

/**
 * Where the links that a person put up by name have their control sockets: in `$XDG_RUNTIME_DIR`, else in the temp folder. The same folder
 * as every other socket of firedrill.
 */
export function linkFolder(env: Readonly<Record<string, string | undefined>>): string {
  const runtime = env['XDG_RUNTIME_DIR']
  return runtime !== undefined && isAbsolute(runtime) ? join(runtime, 'firedrill') : join(tmpdir(), `firedrill-${process.getuid?.() ?? 0}`)
}

export const linkSocket = (folder: string, name: string): string => join(folder, `${name}.link.sock`)
