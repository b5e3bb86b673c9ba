import { describe } from '../../domain/error.ts'
import { EXIT } from '../../domain/verdict.ts'
import { type WatchdogDeps, watchRun } from './watch.ts'

/**
 * The whole life of a watchdog process, for its entry file: `node <entry> <home> <run>`, standard error is its log. Nothing but its work
 * or SIGKILL ends it.
 */
export async function serveWatchdog(deps: Pick<WatchdogDeps, 'registry' | 'finish' | 'again'>): Promise<void> {
  const log = (text: string): void => {
    process.stderr.write(`${new Date().toISOString()} ${text}\n`)
  }
  for (const signal of ['SIGHUP', 'SIGINT', 'SIGTERM', 'SIGQUIT', 'SIGUSR2'] as const) process.on(signal, () => log(`${signal}: ignored`))
  // An undo that breaks somewhere in the background does not keep the others from being undone.
  process.on('uncaughtException', (error) => log(`uncaught: ${describe(error)}`))
  process.stderr.on('error', () => undefined)
  const [home = '', run = ''] = process.argv.slice(2)
  try {
    process.exitCode = await watchRun(home, run, { ...deps, env: process.env, input: process.stdin, output: process.stdout, log })
  } catch (error) {
    log(`failed: ${describe(error)}`)
    process.exitCode = EXIT.error
  }
  process.exit()
}
