import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import { until } from './cli.ts'

/** Whether a real part is here. Absent: a failure in CI, a loud skip elsewhere. */
export function havePart(command: string, install: string): boolean {
  const found = spawnSync('sh', ['-c', `command -v "${command}"`]).status === 0
  if (found) return true
  const text = `real part missing: ${command} (${install})`
  if (process.env['CI']) throw new Error(text)
  process.stderr.write(`SKIPPED: ${text}\n`)
  return false
}

/** A real server as a child in the foreground; ended by its pid. */
export interface Part extends AsyncDisposable {
  readonly pid: number
}

export function part(command: string, args: readonly string[], options: { readonly cwd?: string } = {}): Part {
  const child: ChildProcess = spawn(command, args, { stdio: 'ignore', ...options })
  if (child.pid === undefined) throw new Error(`${command} did not start`)
  return {
    pid: child.pid,
    [Symbol.asyncDispose]: async () => {
      if (child.exitCode !== null || child.signalCode !== null) return
      child.kill('SIGTERM')
      const late = setTimeout(() => child.kill('SIGKILL'), 5_000)
      await once(child, 'exit')
      clearTimeout(late)
    },
  }
}

/** A port that was free a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  return typeof address === 'object' && address ? address.port : 0
}

export async function listening(port: number): Promise<void> {
  let open = false
  const look = (): void => {
    const socket = connect(port, '127.0.0.1', () => {
      open = true
      socket.destroy()
    })
    socket.on('error', () => {})
  }
  const timer = setInterval(look, 50)
  try {
    await until(`something listens on ${port}`, () => open, 15)
  } finally {
    clearInterval(timer)
  }
}
