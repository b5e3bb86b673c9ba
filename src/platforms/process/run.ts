import { spawn } from 'node:child_process'
import { describe } from '../../domain/error.ts'

export interface Ended {
  /** null: it was ended by a signal, or never began. */
  readonly code: number | null
  /** How it ended, in words. */
  readonly how: string
  /** The last of what it said, both streams together. */
  readonly tail: string
}

export interface Command {
  readonly argv: readonly string[]
  readonly folder: string
  /** On top of this process's own environment. */
  readonly env?: Readonly<Record<string, string>>
}

/** How much of what a command said is kept, characters. */
const TAIL = 2000
/** How long a command may take to end after SIGTERM, milliseconds. */
const GRACE = 500

/**
 * Runs a command without a shell, in a process group of its own, and waits for its end. When the signal aborts, the whole group is ended,
 * and the promise rejects with the signal's reason. Otherwise it never rejects: what could not be started has no exit code.
 */
export async function runCommand({ argv, folder, env }: Command, signal: AbortSignal): Promise<Ended> {
  signal.throwIfAborted()
  const [command = '', ...args] = argv
  const child = spawn(command, args, { cwd: folder, detached: true, env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] })
  let tail = ''
  const keep = (chunk: string): void => {
    tail = (tail + chunk).slice(-TAIL)
  }
  child.stdout.setEncoding('utf8').on('data', keep)
  child.stderr.setEncoding('utf8').on('data', keep)
  const endGroup = (how: NodeJS.Signals): void => {
    if (child.pid === undefined) return
    try {
      process.kill(-child.pid, how)
    } catch {
      // Everybody in it has ended already.
    }
  }
  let force: NodeJS.Timeout | undefined
  const abort = (): void => {
    endGroup('SIGTERM')
    force = setTimeout(endGroup, GRACE, 'SIGKILL')
  }
  signal.addEventListener('abort', abort, { once: true })
  const ended = await new Promise<Ended>((resolve) => {
    child.once('error', (error) => resolve({ code: null, how: `it could not be started: ${describe(error)}`, tail }))
    // A daemon that it leaves behind may hold its streams open: its own end is what counts.
    child.once('exit', (code, by) =>
      setImmediate(() =>
        resolve({ code, how: by === null ? `it ended with exit code ${code}` : `it was ended by ${by}`, tail: tail.trim() }),
      ),
    )
  })
  clearTimeout(force)
  signal.removeEventListener('abort', abort)
  child.stdout.destroy()
  child.stderr.destroy()
  if (signal.aborted) {
    endGroup('SIGKILL')
    throw signal.reason
  }
  return ended
}

/** How it ended and the last thing it said, for a person. */
export const sayEnd = ({ how, tail }: Ended): string => (tail === '' ? how : `${how}: ${tail.split('\n').at(-1)}`)
