import { setTimeout as sleep } from 'node:timers/promises'
import type { JsonObject } from '../../domain/json.ts'
import { exportsOf } from '../exports.ts'
import { type Handle, json, notFound } from '../kit/server.ts'
import { command, type Parts } from './commands.ts'

export interface Control {
  readonly handle: Handle
  readonly stop: () => void
  readonly ownerGone: () => void
}

/** After its owner's death it lingers this long, so that a watchdog can adopt it and undo what was done to it. */
const LINGER = 5_000
const PATIENCE = 1_000

/** The supervisor's HTTP interface, and the ways it ends. */
export function createControl(parts: Parts): Control {
  const stop = (): void => {
    parts.truth('stopping')
    // A database that is told to end gives its shared memory back; one that does not listen is the guardian's business.
    const orderly = [...parts.recipes.keys()].filter((name) => name.endsWith('-db')).map((name) => parts.children.stop(name, 'SIGQUIT'))
    void Promise.race([Promise.all(orderly), sleep(PATIENCE)]).finally(() => process.exit(0))
  }
  let adopted = false
  let last: NodeJS.Timeout | undefined
  const keepAlive = (): void => {
    clearTimeout(last)
    last = setTimeout(stop, parts.idle * 1000)
  }
  keepAlive()
  const ownerGone = (): void => {
    if (!adopted) setTimeout(() => adopted || stop(), LINGER)
  }
  const handle: Handle = (asked) => {
    keepAlive()
    if (asked.method === 'GET' && asked.path === '/state') return json(200, stateOf(parts))
    if (asked.method !== 'POST') return notFound(asked)
    switch (asked.path) {
      case '/keepalive':
        return json(200, {})
      case '/adopt':
        adopted = true
        return json(200, {})
      case '/stop':
        setImmediate(stop)
        return json(200, {})
      default:
        return command(parts, asked)
    }
  }
  return { handle, stop, ownerGone }
}

function stateOf({ layout, children, recipes }: Parts): JsonObject {
  const processes = [...recipes.keys()].map((name) => [name, { pid: children.identity(name)?.pid ?? null }] as const)
  return { processes: Object.fromEntries(processes), exports: exportsOf(layout) }
}
