import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { describe } from '../domain/error.ts'
import { messageOf } from './k6-binary.ts'

/** How k6 ended. */
export interface K6Exit {
  readonly exit: number | null
  /** What its exit code says; kept apart, because 99 is a verdict of the script's own and 105 is our stopping it. */
  readonly meaning: string
  /** Its last error, when it wrote one. */
  readonly error: string
}

export interface K6Process {
  /** Resolves with its first line of output, its end, or after ten seconds of neither. */
  readonly started: Promise<void>
  readonly ended: Promise<K6Exit>
  stop(): Promise<void>
}

const EXITS: Readonly<Record<number, string>> = {
  0: 'done',
  97: 'cloud run failed',
  98: 'cloud run lost',
  99: 'thresholds crossed',
  100: 'setup timed out',
  101: 'teardown timed out',
  102: 'timed out',
  103: 'stopped by its API',
  104: 'invalid configuration',
  105: 'stopped by a signal',
  106: 'its API could not start',
  107: 'script exception',
  108: 'aborted by the script',
  109: 'k6 crashed',
  110: 'marked as failed by the script',
}

/** What an exit code of k6 says, wherever it ran. */
export const exitMeaning = (exit: number): string => EXITS[exit] ?? `exit code ${exit}`

const START = 10_000
const STDERR_KEPT = 8_192
/** Milliseconds until k6 is told again (it then drops what is under way), and until it is killed. */
const AGAIN = 2_000
const KILL = 4_000

/** Runs k6 in a session of its own, so that a Ctrl-C at the terminal reaches it through us; when we die, the closed pipe ends it. */
export function runK6(
  command: {
    readonly file: string
    readonly args: readonly string[]
    readonly env: NodeJS.ProcessEnv
    readonly cwd: string
    readonly input: string
  },
  line: (line: string) => void,
): K6Process {
  const child = spawn(command.file, command.args, { cwd: command.cwd, env: command.env, detached: true, stdio: 'pipe' })
  // It may end before it has read its script: that shows in its exit.
  child.stdin.on('error', () => {})
  child.stdin.end(command.input)
  const started = Promise.withResolvers<void>()
  const patience = setTimeout(started.resolve, START)
  createInterface({ input: child.stdout }).on('line', (text) => {
    started.resolve()
    line(text)
  })
  let stderr = ''
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    stderr = (stderr + chunk).slice(-STDERR_KEPT)
  })
  const ended = new Promise<K6Exit>((resolve) => {
    child.on('error', (error) => resolve({ exit: null, meaning: 'could not start', error: describe(error) }))
    child.on('close', (exit, signal) => {
      const meaning = exit === null ? `ended by ${signal}` : exitMeaning(exit)
      resolve({ exit, meaning, error: exit === 0 ? '' : messageOf(stderr) })
    })
  })
  void ended.then(() => {
    clearTimeout(patience)
    started.resolve()
  })
  return { started: started.promise, ended, stop: () => interrupt(child, ended) }
}

async function interrupt(child: ChildProcess, ended: Promise<K6Exit>): Promise<void> {
  child.kill('SIGINT')
  const again = setTimeout(() => child.kill('SIGINT'), AGAIN)
  const kill = setTimeout(() => child.kill('SIGKILL'), KILL)
  await ended
  clearTimeout(again)
  clearTimeout(kill)
}
