import { type ChildProcess, spawn } from 'node:child_process'
import { readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { identityOf, isAlive, signalTo } from '../../contracts/process.ts'
import { refused, usage } from '../../domain/error.ts'
import { linkState } from './client.ts'
import type { Address, LinkState } from './rule.ts'
import type { ProxyReady, ProxyStart } from './start.ts'
import { linkSocket } from './where.ts'

export interface LinkUp {
  /** A letter, then letters, digits, `-` and `_`: the selector's `{name: …}`. */
  readonly name: string
  /** Port 0: any free one. */
  readonly listen: Address
  readonly to: Address
  /** NDJSON of what it did. */
  readonly log?: string
}

/** How long a link may take to be ready, or to end, milliseconds. */
const PATIENCE = 5000

const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js'

/** The program of a link: beside this file, in the language of this file. */
export const proxyMain = fileURLToPath(new URL(`./proxy/proxy-main.${extension}`, import.meta.url))

/**
 * Puts a link in the path of a system. It is a process of its own session, outlives whoever asked for it, and passes everything through
 * until a drill says otherwise. Rejects with a DrillError when there is one of the name, or the address cannot be listened on.
 * @param folder where its control socket lies: the runtime folder
 */
export async function linkUp({ name, ...rest }: LinkUp, folder: string): Promise<ProxyReady> {
  if (!/^[A-Za-z][\w-]*$/.test(name)) throw usage(`"${name}" is no name for a link: letters, digits, - and _`, 'LINK_NAME')
  const control = linkSocket(folder, name)
  if ((await linkState(control, AbortSignal.timeout(PATIENCE))) !== undefined)
    throw refused(`A link named ${name} is up already`, 'LINK_UP', ['firedrill proxy status', `firedrill proxy down ${name}`])
  const start: ProxyStart = { name, ...rest, control }
  const child = spawn(process.execPath, [proxyMain, JSON.stringify(start)], { detached: true, stdio: ['ignore', 'pipe', 'pipe'] })
  const ready = await readyLine(child)
  child.stdout.destroy()
  child.stderr.destroy()
  child.unref()
  return ready
}

/** The line that a link prints when it is ready. Rejects with a DrillError that holds what it said instead. */
export function readyLine(child: ChildProcess): Promise<ProxyReady> {
  return new Promise((resolve, reject) => {
    let said = ''
    let complaint = ''
    const fail = (why: string): void =>
      reject(
        refused(`The link did not start: ${complaint.trim() || why}`, 'LINK_START', complaint.includes('EADDRINUSE') ? ['ss -ltnp'] : []),
      )
    const timer = setTimeout(() => {
      child.kill()
      fail('it was not ready in time')
    }, PATIENCE)
    child.stderr?.setEncoding('utf8').on('data', (text: string) => (complaint += text))
    child.once('error', (error) => fail(error.message))
    child.once('close', (code) => fail(`it ended with exit code ${code}`))
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      said += text
      if (!said.includes('\n')) return
      clearTimeout(timer)
      resolve(JSON.parse(said.slice(0, said.indexOf('\n'))) as ProxyReady)
    })
  })
}

/** Every link of the folder that answers. What is left of a dead one is cleared away. */
export async function linksUp(folder: string): Promise<readonly LinkState[]> {
  const names = readdirSync(folder).filter((name) => name.endsWith('.link.sock'))
  const states = await Promise.all(
    names.map(async (name) => {
      const state = await linkState(join(folder, name), AbortSignal.timeout(PATIENCE))
      if (state === undefined) rmSync(join(folder, name), { force: true })
      return state ?? []
    }),
  )
  return states.flat()
}

/** Takes a link down: its connections are reset. False when there is none of the name. Idempotent. */
export async function linkDown(name: string, folder: string): Promise<boolean> {
  const state = await linkState(linkSocket(folder, name), AbortSignal.timeout(PATIENCE))
  const identity = state === undefined ? undefined : identityOf(state.pid)
  if (identity === undefined) return false
  signalTo(identity, 'SIGTERM')
  for (const limit = performance.now() + PATIENCE; isAlive(identity); await pause(10))
    if (performance.now() > limit) signalTo(identity, 'SIGKILL')
  return true
}
