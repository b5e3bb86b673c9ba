// Completes package-lock.json with the optional packages of other platforms that npm leaves out when the registry at hand does not have
// them: without these entries `npm ci` refuses the lock everywhere. Run after every change of dependencies: npm run lock
import { readFileSync, writeFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

interface Entry {
  readonly version?: string
  readonly dev?: boolean
  readonly optionalDependencies?: Readonly<Record<string, string>>
  readonly [more: string]: unknown
}
interface Lock {
  readonly packages: Record<string, Entry>
}

const OS = ['android', 'darwin', 'freebsd', 'linux', 'openharmony', 'sunos', 'win32', 'windows']
const CPU = ['arm64', 'arm', 'x64', 'ia32', 'ppc64', 'riscv64', 's390x']

/** A native package says in its name what it is for; one that does not (wasm) is for a platform of that name, which none is. */
function platformOf(name: string): { readonly os: readonly string[]; readonly cpu: readonly string[]; readonly libc?: readonly string[] } {
  const words = name.split(/[/_-]/)
  const os = OS.find((candidate) => words.includes(candidate)) ?? 'none'
  const cpu = CPU.find((candidate) => words.includes(candidate)) ?? (words.includes('eabi') ? 'arm' : 'none')
  const libc = words.find((word) => word.startsWith('musl') || word.startsWith('gnu'))
  return { os: [os], cpu: [cpu], ...(os === 'linux' && libc !== undefined && { libc: [libc.startsWith('musl') ? 'musl' : 'glibc'] }) }
}

const file = resolve(dirname(fileURLToPath(import.meta.url)), '../package-lock.json')
const lock = JSON.parse(readFileSync(file, 'utf8')) as Lock
const added: string[] = []
for (const [parent, entry] of Object.entries(lock.packages)) {
  for (const [name, range] of Object.entries(entry.optionalDependencies ?? {})) {
    const version = range.replace(/^[\^~]/, '')
    // Beside its parent, unless the top level has the very version: the same parent may be there twice.
    const beside = parent === '' ? 'node_modules' : parent.slice(0, parent.lastIndexOf('node_modules/') + 'node_modules'.length)
    if (lock.packages[`node_modules/${name}`]?.version === version || lock.packages[`${beside}/${name}`]) continue
    lock.packages[`${beside}/${name}`] = { version, ...platformOf(name), ...(entry.dev && { dev: true }), optional: true }
    added.push(name)
  }
}
const packages = Object.fromEntries(Object.entries(lock.packages).toSorted(([a], [b]) => (a < b ? -1 : 1)))
writeFileSync(file, `${JSON.stringify({ ...lock, packages }, null, 2)}\n`)
process.stdout.write(`${added.length} packages of other platforms added\n`)
