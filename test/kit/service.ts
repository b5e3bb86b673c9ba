import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from './cli.ts'

/** A process that is no part of firedrill and answers 200. */
export interface Service extends AsyncDisposable {
  readonly pid: number
  readonly port: number
  /** State letter of /proc: R, S, T (stopped), … ; `gone` when there is none. */
  state(): string
}

export async function service(port = 0): Promise<Service> {
  const child: ChildProcess = spawn(process.execPath, [join(root, 'test/fixtures/answers-main.ts'), String(port)], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const [line] = child.stdout ? ((await once(child.stdout, 'data')) as [Buffer]) : [Buffer.alloc(0)]
  const { pid } = child
  if (pid === undefined) throw new Error('the service did not start')
  return {
    pid,
    port: Number(line.toString().trim()),
    state: () => stateOf(pid),
    [Symbol.asyncDispose]: async () => {
      if (child.exitCode !== null || child.signalCode !== null) return
      child.kill('SIGKILL')
      await once(child, 'exit')
    },
  }
}

export function stateOf(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
    return stat.slice(stat.lastIndexOf(')') + 2, stat.lastIndexOf(')') + 3)
  } catch {
    return 'gone'
  }
}
