import { describe } from '../../domain/error.ts'
import type { JsonObject } from '../../domain/json.ts'
import type { Seconds } from '../../domain/time.ts'
import { exportsOf } from '../exports.ts'
import { type Asked, type Handle, json, notFound, type Reply } from '../kit/server.ts'
import type { Truth } from '../kit/truth.ts'
import { isRegion, type Layout } from '../layout.ts'
import type { Children, Recipe } from './children.ts'

interface Parts {
  readonly layout: Layout
  readonly children: Children
  readonly recipes: ReadonlyMap<string, Recipe>
  readonly truth: Truth
  readonly idle: Seconds
}

export interface Control {
  readonly handle: Handle
  readonly stop: () => void
  readonly ownerGone: () => void
}

/** After its owner's death it lingers this long, so that a watchdog can adopt it and undo what was done to it. */
const LINGER = 5_000

/** The supervisor's HTTP interface, and the ways it ends. */
export function createControl(parts: Parts): Control {
  const stop = (): void => {
    parts.truth('stopping')
    process.exit(0)
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
        return work(parts, asked)
    }
  }
  return { handle, stop, ownerGone }
}

function stateOf({ layout, children, recipes }: Parts): JsonObject {
  const processes = [...recipes.keys()].map((name) => [name, { pid: children.identity(name)?.pid ?? null }] as const)
  return { processes: Object.fromEntries(processes), exports: exportsOf(layout) }
}

async function work(parts: Parts, asked: Asked): Promise<Reply> {
  const [, verb, name = ''] = asked.path.split('/')
  if (verb !== 'restart') return notFound(asked)
  const wanted = [...parts.recipes.values()].filter(
    (recipe) => recipe.name === name || (isRegion(name) && recipe.name.startsWith(`${name}-`)),
  )
  if (wanted.length === 0) return json(404, { error: `no process or region ${name}; there are ${[...parts.recipes.keys()].join(', ')}` })
  const done = await Promise.all(wanted.map(async (recipe) => [recipe.name, await bringBack(parts, recipe)] as const))
  const outcome = Object.fromEntries(done)
  return json(done.some(([, what]) => what.startsWith('failed')) ? 500 : 200, outcome)
}

async function bringBack({ children, truth }: Parts, recipe: Recipe): Promise<string> {
  try {
    const what = await children.start(recipe)
    if (what === 'started') truth('restarted', { name: recipe.name })
    return what
  } catch (error) {
    return `failed: ${describe(error)}`
  }
}
