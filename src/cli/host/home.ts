import { lstatSync, mkdirSync } from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { isAbsolute, join, resolve } from 'node:path'
import { refused } from '../../domain/error.ts'

type Env = Readonly<Record<string, string | undefined>>

/** Where runs, locks, leases and undo records live: `$FIREDRILL_HOME`, else `firedrill` in the XDG state folder. Not created here. */
export function homeFolder(env: Env): string {
  const own = env['FIREDRILL_HOME']
  if (own !== undefined && own !== '') return resolve(own)
  const state = env['XDG_STATE_HOME']
  // The XDG specification: a relative path is to be ignored.
  const base = state !== undefined && isAbsolute(state) ? state : join(env['HOME'] || homedir(), '.local', 'state')
  return join(base, 'firedrill')
}

/**
 * A short folder for sockets that only this user may enter, created when missing: in `$XDG_RUNTIME_DIR`, else in the temp folder.
 * Throws a DrillError (refused) when somebody else owns it.
 */
export function runtimeFolder(env: Env): string {
  const uid = process.getuid?.() ?? 0
  const runtime = env['XDG_RUNTIME_DIR']
  const folder = runtime !== undefined && isAbsolute(runtime) ? join(runtime, 'firedrill') : join(tmpdir(), `firedrill-${uid}`)
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 })
  } catch (error) {
    throw refused(`The folder for sockets, ${folder}, cannot be made`, 'RUNTIME_FOLDER', ['export XDG_RUNTIME_DIR=…'], error)
  }
  const stat = lstatSync(folder)
  if (!stat.isDirectory() || stat.uid !== uid || (stat.mode & 0o077) !== 0)
    throw refused(`The folder for sockets, ${folder}, is not a folder that is yours alone`, 'RUNTIME_FOLDER', [
      `chown ${uid} ${folder} && chmod 700 ${folder}`,
    ])
  return folder
}

/** What `sockaddr_un` holds, its closing zero not counted: 104 bytes on macOS, 108 on Linux. */
const SOCKET_PATH_MAX = 103

/** The path of a socket in the runtime folder. Throws a DrillError (refused) when the kernel would cut it off. */
export function socketPath(env: Env, name: string): string {
  const path = join(runtimeFolder(env), name)
  if (Buffer.byteLength(path) > SOCKET_PATH_MAX)
    throw refused(`The socket's path is longer than ${SOCKET_PATH_MAX} bytes: ${path}`, 'SOCKET_PATH', ['export XDG_RUNTIME_DIR=/tmp/f'])
  return path
}
