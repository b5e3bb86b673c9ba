import { describe } from '../../domain/error.ts'
import { type Seconds, seconds } from '../../domain/time.ts'
import { ask, post } from '../kit/client.ts'
import { workingIn } from '../kit/processes.ts'
import { type Asked, json, notFound, type Reply } from '../kit/server.ts'
import type { Truth } from '../kit/truth.ts'
import { dataFolder, isRegion, type Layout, portOf, type Region } from '../layout.ts'
import type { Children, Recipe } from './children.ts'
import { killAll } from './sweep.ts'

/** What the supervisor works on. */
export interface Parts {
  readonly layout: Layout
  readonly children: Children
  readonly recipes: ReadonlyMap<string, Recipe>
  readonly truth: Truth
  readonly idle: Seconds
}

/** A copy of a database and its catching up. */
const LONG = seconds(30)
const HOME: Region = 'eu'

/** `restart` brings back what is dead and leaves alone what lives; `fence`, `halt` and `spawn` are the controller's. */
export async function command(parts: Parts, asked: Asked): Promise<Reply> {
  const [, verb = '', name = ''] = asked.path.split('/')
  const wanted = [...parts.recipes.values()].filter((each) => each.name === name || (isRegion(name) && each.name.startsWith(`${name}-`)))
  if (verb === 'failback') return failback(parts)
  if (!['restart', 'fence', 'halt', 'spawn'].includes(verb)) return notFound(asked)
  if (wanted.length === 0) return json(404, { error: `no process or region ${name}; there are ${[...parts.recipes.keys()].join(', ')}` })
  return forEach(wanted, (recipe) => perform(parts, verb, recipe))
}

async function forEach(recipes: readonly Recipe[], work: (recipe: Recipe) => Promise<string>): Promise<Reply> {
  const done = await Promise.all(
    recipes.map(async (recipe) => [recipe.name, await work(recipe).catch((error: unknown) => `failed: ${describe(error)}`)] as const),
  )
  return json(done.some(([, what]) => what.startsWith('failed')) ? 500 : 200, Object.fromEntries(done))
}

function perform(parts: Parts, verb: string, recipe: Recipe): Promise<string> {
  switch (verb) {
    case 'fence':
      return fence(parts, recipe)
    case 'halt':
      return parts.children.stop(recipe.name, 'SIGINT').then(() => 'halted')
    case 'spawn':
      return parts.children.start(recipe)
    default:
      return bringBack(parts, recipe)
  }
}

/** The power switch: ends it whatever state it is in, a paused one's own children included. */
async function fence({ layout, children, truth }: Parts, recipe: Recipe): Promise<string> {
  const region = databaseOf(recipe)
  truth('fencing', { name: recipe.name })
  if (region !== undefined) killAll(workingIn(dataFolder(layout, region)))
  await children.stop(recipe.name, 'SIGKILL')
  return 'fenced'
}

async function bringBack(parts: Parts, recipe: Recipe): Promise<string> {
  const { children, layout, truth } = parts
  if (children.identity(recipe.name) !== undefined) return 'lives'
  const region = databaseOf(recipe)
  const leader = region === undefined ? null : await primaryOf(layout)
  if (region === undefined || leader === null || leader === region) await children.start(recipe)
  else await post(portOf(layout, 'controller'), '/rejoin', LONG, { region })
  truth('restarted', { name: recipe.name })
  return 'started'
}

/** Everything home: what is dead in the home region comes back, and its database leads again. */
async function failback(parts: Parts): Promise<Reply> {
  const home = [...parts.recipes.values()].filter((recipe) => recipe.name.startsWith(`${HOME}-`))
  const back = await forEach(home, (recipe) => bringBack(parts, recipe))
  if (back.status !== 200) return back
  await post(portOf(parts.layout, 'controller'), '/switchover', LONG, { region: HOME })
  return back
}

const databaseOf = (recipe: Recipe): Region | undefined => {
  const [region = ''] = recipe.name.split('-db')
  return recipe.name.endsWith('-db') && isRegion(region) ? region : undefined
}

async function primaryOf(layout: Layout): Promise<string | null> {
  const answer = await ask({ port: portOf(layout, 'controller'), path: '/state', timeout: seconds(2) })
  const { primary } = JSON.parse(answer.body.toString()) as { readonly primary: string | null }
  return primary
}
