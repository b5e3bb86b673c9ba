import { fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'

/** What the guardian is asked to do, over the pipe between it and the test. */
export type Order =
  | { readonly do: 'start'; readonly name: string; readonly command: string; readonly args: readonly string[] }
  | { readonly do: 'signal'; readonly name: string; readonly signal: NodeJS.Signals }
  | { readonly do: 'kill'; readonly name: string }
  | { readonly do: 'end' }

export type Answer = { readonly id: number; readonly value?: number; readonly error?: string } | { readonly exited: string }

/** Servers in process groups of their own that do not outlive this process, however it ends. */
export interface Guardian extends AsyncDisposable {
  readonly pid: number
  /** The pid; what it writes goes to `<folder>/<name>.log`. */
  start(name: string, command: string, args: readonly string[]): Promise<number>
  signal(name: string, signal: NodeJS.Signals): Promise<void>
  /** SIGKILL, and waits until it is gone. */
  kill(name: string): Promise<void>
  isRunning(name: string): boolean
}

/** Ends what it started and removes `folder` when it is disposed or its pipe closes. */
export async function startGuardian(folder: string): Promise<Guardian> {
  const child = fork(join(import.meta.dirname, 'guardian-main.ts'), [folder], {
    detached: true,
    execArgv: [],
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  })
  await once(child, 'spawn')
  const waiting = new Map<number, { resolve: (value: number) => void; reject: (error: Error) => void }>()
  const running = new Set<string>()
  let orders = 0
  child.on('message', (answer: Answer) => {
    if ('exited' in answer) return void running.delete(answer.exited)
    const asked = waiting.get(answer.id)
    waiting.delete(answer.id)
    if (answer.error === undefined) asked?.resolve(answer.value ?? 0)
    else asked?.reject(new Error(answer.error))
  })
  child.once('exit', () => {
    for (const { reject } of waiting.values()) reject(new Error('the guardian has gone'))
    waiting.clear()
  })
  const ask = (order: Order): Promise<number> => {
    const id = orders++
    return new Promise((resolve, reject) => {
      waiting.set(id, { resolve, reject })
      child.send({ id, order }, (error) => {
        if (error) reject(error)
      })
    })
  }
  return {
    pid: child.pid ?? 0,
    async start(name, command, args) {
      running.add(name)
      return ask({ do: 'start', name, command, args })
    },
    async signal(name, signal) {
      await ask({ do: 'signal', name, signal })
    },
    async kill(name) {
      await ask({ do: 'kill', name })
      running.delete(name)
    },
    isRunning: (name) => running.has(name),
    async [Symbol.asyncDispose]() {
      if (child.exitCode !== null || child.signalCode !== null) return
      const exited = once(child, 'exit')
      await ask({ do: 'end' })
      child.disconnect()
      await exited
    },
  }
}
