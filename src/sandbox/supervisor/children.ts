import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, mkdirSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { type ProcessIdentity, startOf } from '../../contracts/process.ts'
import type { Truth } from '../kit/truth.ts'
import { type Layout, logFile, pidFile } from '../layout.ts'
import { pidText } from './sweep.ts'

/** How one process is started, the same way every time. */
export interface Recipe {
  readonly name: string
  readonly command: string
  readonly args: readonly string[]
  readonly cwd: string
  /** It prints a JSON line when it is ready; else whoever waits for it must ask it. */
  readonly saysReady: boolean
  readonly user?: { readonly uid: number; readonly gid: number }
}

export interface Children {
  /** Resolves when it is ready; does nothing when it lives. */
  start(recipe: Recipe): Promise<'started' | 'lives'>
  identity(name: string): ProcessIdentity | undefined
  /** Resolves when it is gone. */
  stop(name: string, signal: NodeJS.Signals): Promise<void>
}

interface Child {
  readonly process: ChildProcess
  readonly identity: ProcessIdentity
  readonly exited: Promise<void>
}

export function createChildren(layout: Layout, truth: Truth, env: Readonly<Record<string, string>>): Children {
  const living = new Map<string, Child>()
  const launch = (recipe: Recipe): Child => {
    const log = openSync(logFile(layout, recipe.name), 'a')
    const started = spawn(recipe.command, recipe.args, {
      cwd: recipe.cwd,
      env,
      stdio: ['pipe', recipe.saysReady ? 'pipe' : log, log],
      ...recipe.user,
    })
    closeSync(log)
    const identity = { pid: started.pid ?? 0, start: startOf(started.pid ?? 0) ?? '' }
    const exited = new Promise<void>((resolve) => {
      started.once('error', () => resolve())
      started.once('exit', (code, signal) => {
        living.delete(recipe.name)
        truth('died', { name: recipe.name, pid: identity.pid, code, signal })
        rmSync(pidFile(layout, recipe.name), { force: true })
        resolve()
      })
    })
    // Writing to a child that died is no news: its exit is.
    started.stdin?.on('error', () => undefined)
    return { process: started, identity, exited }
  }
  return {
    identity: (name) => living.get(name)?.identity,
    start: async (recipe) => {
      if (living.has(recipe.name)) return 'lives'
      const child = launch(recipe)
      if (child.process.pid === undefined) throw new Error(`${recipe.name} cannot be started: ${recipe.command}`)
      living.set(recipe.name, child)
      const file = pidFile(layout, recipe.name)
      mkdirSync(dirname(file), { recursive: true })
      writeFileSync(file, pidText(child.identity))
      if (recipe.saysReady)
        await firstLine(child, () => new Error(`${recipe.name} ended before it was ready: ${lastWords(logFile(layout, recipe.name))}`))
      return 'started'
    },
    stop: async (name, signal) => {
      const child = living.get(name)
      child?.process.kill(signal)
      await child?.exited
    },
  }
}

function firstLine({ process: child, exited }: Child, otherwise: () => Error): Promise<void> {
  const said = new Promise<void>((resolve) => child.stdout?.once('data', () => resolve()))
  const died = exited.then(() => {
    throw otherwise()
  })
  return Promise.race([said, died])
}

/** The log goes with the folder, so what it says of an early end is said now. */
function lastWords(file: string): string {
  const lines = readFileSync(file, 'utf8').trim().split('\n')
  return lines.find((line) => /^\w*Error\b/.test(line)) ?? lines.at(-1) ?? 'it said nothing'
}
