import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { root } from '../kit/cli.ts'

export const program = join(root, 'bin/run.js')

if (!existsSync(join(root, 'dist/cli/main.js'))) throw new Error('dist/ is not built: npm run build')

export interface Ran {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** A folder and an environment of one's own: nothing of this machine's home, no CI unless asked for. */
export function place(): { readonly folder: string; readonly env: Record<string, string> } & Disposable {
  const folder = mkdtempSync(join(tmpdir(), 'firedrill-cli-'))
  const { CI: _ci, GITHUB_ACTIONS: _gha, NO_COLOR: _no, FORCE_COLOR: _force, ...rest } = process.env as Record<string, string>
  const env = { ...rest, FIREDRILL_HOME: join(folder, 'home'), XDG_RUNTIME_DIR: '' }
  return { folder, env, [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }) }
}

export interface Options {
  readonly cwd: string
  readonly env: Record<string, string>
  readonly node?: string
  readonly input?: string
}

export const start = (args: readonly string[], { cwd, env, node }: Options): ChildProcess =>
  spawn(node ?? process.execPath, [program, ...args], { cwd, env, stdio: ['pipe', 'pipe', 'pipe'] })

export async function ended(child: ChildProcess): Promise<Ran> {
  let [stdout, stderr] = ['', '']
  child.stdout?.setEncoding('utf8').on('data', (text: string) => (stdout += text))
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (stderr += text))
  const [code] = (await once(child, 'close')) as [number | null]
  return { code, stdout, stderr }
}

/** Runs the built program to its end. */
export async function firedrill(args: readonly string[], options: Options): Promise<Ran> {
  const child = start(args, options)
  child.stdin?.end(options.input ?? '')
  return ended(child)
}

/** A small drill on a process that listens on `port`. */
export const experiment = (
  port: number,
  changes: { readonly hold?: string; readonly for?: string; readonly fault?: string } = {},
): string => `firedrill: 1
title: A process hangs
system: demo
targets:
  web: {process: {port: ${port}}}
probes:
  front: {http: {url: http://127.0.0.1:${port}/}, expect: {status: 200}, every: 50ms}
steadyState: {probes: [front], hold: ${changes.hold ?? '500ms'}}
faults:
  - {name: hang, fault: ${changes.fault ?? 'process/pause'}, target: web, at: 0s, for: ${changes.for ?? '1s'}}
objectives:
  rto: {within: 10s, to: {probe: front, good: {min: 99%}}, hold: 500ms}
limits: {duration: 1m}
`
