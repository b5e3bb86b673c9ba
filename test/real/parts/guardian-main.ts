import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync, rmSync } from 'node:fs'
import type { Answer, Order } from './guardian.ts'

/**
 * Starts servers for a test and outlives it by a moment: when the pipe to the test closes, for whatever reason, they end and their folder
 * goes. A test that is killed can end nobody itself.
 */
const folder = process.argv[2] ?? ''
const children = new Map<string, ChildProcess>()

const isRunning = (child: ChildProcess): boolean => child.exitCode === null && child.signalCode === null

/** To the whole group: each server leads its own. One that has just gone is as good as told. */
function send(child: ChildProcess | undefined, signal: NodeJS.Signals): void {
  if (child?.pid === undefined || !isRunning(child)) return
  try {
    process.kill(-child.pid, signal)
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error
  }
}

/** When the test has gone nobody listens, and that must not end this process before its work is done. */
function tell(answer: Answer): void {
  if (process.connected) process.send?.(answer, undefined, {}, () => {})
}

async function start({ name, command, args }: Extract<Order, { do: 'start' }>): Promise<number> {
  const log = openSync(`${folder}/${name}.log`, 'a')
  const child = spawn(command, args, { cwd: folder, detached: true, stdio: ['ignore', log, log], env: { ...process.env, HOME: folder } })
  closeSync(log)
  await once(child, 'spawn')
  children.set(name, child)
  child.once('exit', () => tell({ exited: name }))
  return child.pid ?? 0
}

async function kill(name: string): Promise<void> {
  const child = children.get(name)
  if (!child || !isRunning(child)) return
  const exited = once(child, 'exit')
  send(child, 'SIGKILL')
  await exited
}

/** The last one started ends first: nobody misses its server while it ends. */
async function end(): Promise<void> {
  for (const name of [...children.keys()].toReversed()) await kill(name)
  rmSync(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 50 })
}

async function follow(order: Order): Promise<number | undefined> {
  switch (order.do) {
    case 'start':
      return start(order)
    case 'signal':
      send(children.get(order.name), order.signal)
      return undefined
    case 'kill':
      await kill(order.name)
      return undefined
    case 'end':
      await end()
      return undefined
  }
}

/** One after the other, so that an end cannot pass a start. */
let last: Promise<unknown> = Promise.resolve()
const inOrder = (work: () => Promise<unknown>): void => {
  last = last.then(work, work)
}

process.on('message', ({ id, order }: { id: number; order: Order }) =>
  inOrder(async () => {
    try {
      const value = await follow(order)
      tell({ id, ...(value === undefined ? {} : { value }) })
    } catch (error) {
      tell({ id, error: String(error) })
    }
  }),
)
const leave = (): void => inOrder(() => end().finally(() => process.exit()))
process.on('disconnect', leave)
process.on('SIGTERM', leave)
process.on('SIGINT', leave)
