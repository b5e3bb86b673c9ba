import { spawn } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { identityOf, isAlive, signalTo } from '../../src/contracts/process.ts'

/** Says hello over HTTP on the port (0: any), and writes its pid and port into a file. Ignores that its parent has gone. */
const PROGRAM = `
const { writeFileSync, renameSync } = require('node:fs')
const [port, file] = process.argv.slice(1)
const server = require('node:http').createServer((_, answer) => answer.end('hello')).listen(Number(port), '127.0.0.1', () => {
  writeFileSync(file + '.new', process.pid + '\\n' + server.address().port + '\\n')
  renameSync(file + '.new', file)
})
setTimeout(() => process.exit(), 60000)
`

export interface RealServer extends AsyncDisposable {
  readonly pid: number
  readonly port: number
  readonly pidFile: string
  /** What starts it again, on the same port, with the same pid file. */
  readonly argv: readonly string[]
  answers(): Promise<boolean>
}

/** A real process that serves; whoever is in its pid file at the end is ended. */
export async function realServer(folder: string): Promise<RealServer> {
  const pidFile = join(folder, 'server.pid')
  const argv = (port: number): readonly string[] => [process.execPath, '-e', PROGRAM, String(port), pidFile]
  const [command = '', ...args] = argv(0)
  const child = spawn(command, args, { stdio: 'ignore', detached: true })
  while (!existsSync(pidFile)) await pause(5)
  const [pid = 0, port = 0] = readFileSync(pidFile, 'utf8').split('\n').map(Number)
  child.unref()
  return {
    pid,
    port,
    pidFile,
    argv: argv(port),
    answers: () =>
      fetch(`http://127.0.0.1:${port}/`, { signal: AbortSignal.timeout(1000), headers: { connection: 'close' } }).then(
        async (answer) => (await answer.text()) === 'hello',
        () => false,
      ),
    async [Symbol.asyncDispose]() {
      for (const each of new Set([pid, Number(readFileSync(pidFile, 'utf8').split('\n')[0])])) {
        const identity = identityOf(each)
        if (identity === undefined) continue
        signalTo(identity, 'SIGKILL')
        while (isAlive(identity)) await pause(5)
      }
    },
  }
}
