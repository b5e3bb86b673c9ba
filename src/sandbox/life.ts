import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, realpathSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { isAlive } from '../contracts/process.ts'
import { refused } from '../domain/error.ts'
import { seconds } from '../domain/time.ts'
import { ENTRIES } from './entries.ts'
import { type Handle, readHandle } from './handle.ts'
import { ask } from './kit/client.ts'
import { end, gone } from './kit/processes.ts'
import { portOf } from './layout.ts'
import type { SandboxOptions } from './options.ts'
import type { SupervisorConfig, SupervisorSaid } from './supervisor/config.ts'
import { sweep } from './supervisor/sweep.ts'

export interface Launch {
  readonly options: SandboxOptions
  /** Its truth log is written to `truth/` below it, and stays there: it is the owner's. */
  readonly folder: string
  readonly standing: boolean
  readonly signal: AbortSignal
}

/** Starts one; resolves when both regions serve. Its own folder is a short path among the temporary files, because of the sockets in it. */
export async function launchSandbox(launch: Launch): Promise<Handle> {
  launch.signal.throwIfAborted()
  const dir = realpathSync(mkdtempSync(join(tmpdir(), 'firedrill-sandbox-')))
  const config: SupervisorConfig = { dir, truth: join(launch.folder, 'truth'), options: launch.options, standing: launch.standing }
  const supervisor = spawn(process.execPath, [ENTRIES.supervisor, JSON.stringify(config)], {
    cwd: dir,
    detached: true,
    stdio: [launch.standing ? 'ignore' : 'pipe', 'pipe', 'ignore'],
  })
  const abort = (): void => void supervisor.kill('SIGKILL')
  launch.signal.addEventListener('abort', abort, { once: true })
  try {
    const said = await heard(supervisor)
    launch.signal.throwIfAborted()
    if ('failed' in said) throw refused(`The sandbox did not start: ${said.failed}`, said.code, said.next)
    return readHandle(said.handle)
  } catch (error) {
    supervisor.kill('SIGKILL')
    await sweep(dir)
    // Killed because its owner was told to stop: that is the reason, not its end.
    launch.signal.throwIfAborted()
    throw error
  } finally {
    launch.signal.removeEventListener('abort', abort)
    letGo(supervisor)
  }
}

/** The first line the supervisor prints. */
function heard(supervisor: ChildProcess): Promise<SupervisorSaid> {
  return new Promise((resolve, reject) => {
    const { stdout } = supervisor
    if (stdout === null) return reject(new Error('the supervisor has no output'))
    const lines = createInterface({ input: stdout })
    lines.once('line', (line) => resolve(JSON.parse(line) as SupervisorSaid))
    supervisor.once('error', reject)
    const read = new Promise<void>((done) => lines.once('close', done))
    supervisor.once('exit', (code, signal) => {
      // Its last line may still be on the way when its end is already known, or have come before it.
      void read.then(() =>
        reject(refused(`The sandbox's supervisor ended (${signal ?? code}) before it was ready.`, 'SANDBOX_START', ['firedrill doctor'])),
      )
    })
  })
}

/** The owner's event loop does not wait for it; its standard input stays open, because its end means the owner's. */
function letGo(supervisor: ChildProcess): void {
  supervisor.stdout?.destroy()
  supervisor.unref()
  const { stdin } = supervisor
  stdin?.on('error', () => undefined)
  if (stdin !== null && 'unref' in stdin && typeof stdin.unref === 'function') stdin.unref()
}

const ORDERLY = seconds(5)

/** Ends it from any process of this machine; nothing of it is left when it resolves. Idempotent. */
export async function endSandbox({ layout, supervisor, guardian }: Handle): Promise<void> {
  if (isAlive(supervisor)) {
    await ask({ port: portOf(layout, 'supervisor'), path: '/stop', method: 'POST', timeout: seconds(1) }).catch(() => undefined)
    if (!(await gone(supervisor, ORDERLY))) end(supervisor)
  }
  if (!(await gone(guardian, ORDERLY))) end(guardian)
  await sweep(layout.dir)
}
