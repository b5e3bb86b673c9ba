import { describe } from '../../domain/error.ts'

/** Says on stdout what the parent waits for: one JSON line. */
export function tellParent(line: Readonly<Record<string, unknown>>): void {
  process.stdout.write(`${JSON.stringify(line)}\n`)
}

/** The parent holds the other end of stdin: when it is gone, whatever the reason, so is its child. */
export function dieWithParent(end: () => void = () => process.exit(0)): void {
  process.stdin.once('end', end).once('error', end).resume()
}

/**
 * The life of one process of the sandbox: its configuration is the JSON in the first argument, it says when it is ready, and it dies
 * with its parent.
 */
export function role<Config>(start: (config: Config) => Promise<void>): void {
  dieWithParent()
  process.once('SIGTERM', () => process.exit(0))
  const config = JSON.parse(process.argv[2] ?? '{}') as Config
  start(config).then(
    () => tellParent({ ready: true, pid: process.pid }),
    (error: unknown) => {
      process.stderr.write(`${describe(error)}\n`)
      process.exit(1)
    },
  )
}
