import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, open, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { DrillError } from '../../domain/error.ts'
import { DATABASE_PACKAGE, packageFolder } from '../../sandbox/database/binaries.ts'
import { homeFolder, runtimeFolder } from '../host/home.ts'

/** One thing that is, or is not, as it should be. */
export interface Check {
  readonly what: string
  readonly ok: boolean
  /** Every drill needs it; otherwise only some do. */
  readonly needed: boolean
  readonly detail: string
  readonly next: string | null
}

type Env = Readonly<Record<string, string | undefined>>

const run = promisify(execFile)

export function nodeCheck(): Check {
  const launched = process.env['FIREDRILL_LAUNCHER'] === undefined ? '' : ', started by an older one'
  return { what: 'Node', ok: true, needed: true, detail: `${process.version}${launched}`, next: null }
}

/** Every injection waits for one synced write: what that costs here. */
export async function homeCheck(env: Env): Promise<Check> {
  const home = homeFolder(env)
  await mkdir(home, { recursive: true })
  const folder = await mkdtemp(join(home, 'doctor-'))
  try {
    const file = await open(join(folder, 'probe'), 'w')
    const began = performance.now()
    await file.writeFile('x')
    await file.sync()
    const took = performance.now() - began
    await file.close()
    return { what: 'state folder', ok: true, needed: true, detail: `${home}, a synced write takes ${took.toFixed(1)} ms`, next: null }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

export function runtimeCheck(env: Env): Check {
  return { what: 'runtime folder', ok: true, needed: true, detail: runtimeFolder(env), next: null }
}

/** The sandbox's database comes from npm; drills on other systems do without. */
export function databaseCheck(): Check {
  const about = { what: 'PostgreSQL', needed: false } as const
  try {
    return { ...about, ok: true, detail: `for the sandbox, in ${packageFolder(DATABASE_PACKAGE)}`, next: null }
  } catch (error) {
    const next = error instanceof DrillError ? (error.next[0] ?? null) : null
    return { ...about, ok: false, detail: `${DATABASE_PACKAGE} is not installed: no sandbox`, next }
  }
}

/** k6 is needed by `load: {k6: …}` alone. */
export async function k6Check(env: Env): Promise<Check> {
  const command = env['FIREDRILL_K6'] ?? 'k6'
  try {
    const { stdout } = await run(command, ['version'], { timeout: 5_000 })
    return { what: 'k6', ok: true, needed: false, detail: stdout.trim().split('\n')[0] ?? command, next: null }
  } catch {
    const detail = `${command} does not run: load {k6: …} will be refused; load {http: …} is built in`
    return { what: 'k6', ok: false, needed: false, detail, next: 'install k6: https://grafana.com/docs/k6/latest/set-up/install-k6/' }
  }
}
