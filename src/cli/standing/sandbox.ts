import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, refused, usage } from '../../domain/error.ts'
import type { JsonObject } from '../../domain/json.ts'
import { exportsOf } from '../../sandbox/exports.ts'
import { handleJson, readHandle } from '../../sandbox/handle.ts'
import { endSandbox, launchSandbox } from '../../sandbox/life.ts'
import { readOptions } from '../../sandbox/options.ts'

/** One sandbox that outlives the command, for trying things by hand. Its handle lies in the home folder. */
export interface StandingJson {
  readonly up: boolean
  readonly exports: Readonly<Record<string, string>>
  /** Name → pid; null: it is dead. */
  readonly processes: Readonly<Record<string, number | null>>
}

const DOWN: StandingJson = { up: false, exports: {}, processes: {} }
const fileIn = (home: string): string => join(home, 'sandbox.json')

function remembered(home: string): JsonObject | undefined {
  try {
    return JSON.parse(readFileSync(fileIn(home), 'utf8')) as JsonObject
  } catch {
    return undefined
  }
}

async function ask(url: string, method: 'GET' | 'POST'): Promise<JsonObject> {
  const answer = await fetch(url, { method, signal: AbortSignal.timeout(30_000) })
  const body = (await answer.json()) as JsonObject
  const { error } = body
  if (!answer.ok)
    throw usage(typeof error === 'string' ? error : `${url} answered ${answer.status}`, 'SANDBOX_REFUSED', ['firedrill sandbox status'])
  return body
}

/** What is up, as its supervisor says; not up when nobody answers. */
export async function sandboxStatus(home: string): Promise<StandingJson> {
  const handle = remembered(home)
  if (handle === undefined) return DOWN
  const { SANDBOX_SUPERVISOR_URL: url } = exportsOf(readHandle(handle).layout)
  const state = await ask(`${url}/state`, 'GET').catch(() => undefined)
  if (state === undefined) return DOWN
  const processes = Object.entries(state['processes'] as Readonly<Record<string, { readonly pid: number | null }>>)
  return {
    up: true,
    exports: state['exports'] as StandingJson['exports'],
    processes: Object.fromEntries(processes.map(([name, { pid }]) => [name, pid])),
  }
}

/** Starts it. Rejects (refused) when one is up already. */
export async function sandboxUp(home: string, options: JsonObject, signal: AbortSignal): Promise<StandingJson> {
  const before = await sandboxStatus(home)
  if (before.up) throw refused('A sandbox is up already.', 'SANDBOX_UP', ['firedrill sandbox status', 'firedrill sandbox down'])
  await sandboxDown(home)
  const folder = join(home, 'sandbox')
  mkdirSync(folder, { recursive: true })
  const handle = await launchSandbox({ options: readOptions(options), folder, standing: true, signal })
  writeFileSync(fileIn(home), JSON.stringify(handleJson(handle)))
  return sandboxStatus(home)
}

/** Ends it; nothing of it is left when it resolves. False when there was none. */
export async function sandboxDown(home: string): Promise<boolean> {
  const handle = remembered(home)
  if (handle === undefined) return false
  await endSandbox(readHandle(handle))
  rmSync(fileIn(home), { force: true })
  rmSync(join(home, 'sandbox'), { recursive: true, force: true })
  return true
}

/** Name → what was done: `started`, `running already`, … */
export type Restarted = Readonly<Record<string, string>>

/** Brings back a dead process, or a region's, by the supervisor. `url`: of a drill's own sandbox; default the standing one. */
export async function sandboxRestart(home: string, name: string, url: string | undefined): Promise<Restarted> {
  const supervisor = url ?? (await sandboxStatus(home)).exports['SANDBOX_SUPERVISOR_URL']
  if (supervisor === undefined) throw refused('No sandbox is up.', 'SANDBOX_DOWN', ['firedrill sandbox up'])
  try {
    return (await ask(`${supervisor}/restart/${encodeURIComponent(name)}`, 'POST')) as Restarted
  } catch (error) {
    if (error instanceof TypeError)
      throw refused(`The sandbox's supervisor does not answer: ${describe(error.cause ?? error)}`, 'SANDBOX_DOWN', ['firedrill sandbox up'])
    throw error
  }
}
