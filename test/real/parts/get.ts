import { spawnSync } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { identityOf } from '../../../src/contracts/process.ts'
import { goBuild } from './go.ts'
import { folderOf, GO_PARTS, type GoPart, isComplete, partsFolder } from './parts.ts'

/**
 * Gets the servers of the real tests: `node test/real/parts/get.ts [kubernetes] [etcd] [kwok] [coredns] [k6]`, all of them without an argument.
 * What is there already is not built again; a run beside another one waits for it.
 */
const began = performance.now()
const say = (text: string): boolean => process.stderr.write(`${((performance.now() - began) / 1000).toFixed(1).padStart(6)} s  ${text}\n`)

const title = ({ name, version }: GoPart): string => `${name} ${version}`

/** `k6` is both of its versions. */
function chosen(names: readonly string[]): readonly GoPart[] {
  const isNamed = (part: GoPart, name: string): boolean => part.name === name || part.name.startsWith(`${name}-`)
  const unknown = names.filter((name) => !GO_PARTS.some((part) => isNamed(part, name)))
  if (unknown.length > 0) throw new Error(`no such part: ${unknown.join(' ')} (there are ${GO_PARTS.map(({ name }) => name).join(' ')})`)
  return names.length === 0 ? GO_PARTS : GO_PARTS.filter((part) => names.some((name) => isNamed(part, name)))
}

/** The program of `KUBEBUILDER_ASSETS`, if it is there and of a version that fits. */
function asset(program: string, version: string): string | undefined {
  const folder = process.env['KUBEBUILDER_ASSETS']
  if (folder === undefined || folder === '') return undefined
  const path = join(folder, program)
  if (!existsSync(path)) return undefined
  const asked = spawnSync(path, program === 'kubectl' ? ['version', '--client'] : ['--version'], { encoding: 'utf8' })
  if (asked.stdout?.includes(version)) return path
  say(`${path} is not taken: its version is not ${version}*`)
  return undefined
}

/** Into a folder beside, which takes its name when it is complete: nobody ever sees a half. */
async function make(part: GoPart): Promise<void> {
  const fresh = mkdtempSync(join(partsFolder, `.${part.name}-`))
  try {
    const assets = Object.entries(part.assets ?? {}).flatMap(([name, version]) => {
      const path = asset(name, version)
      return path === undefined ? [] : [{ name, path }]
    })
    for (const { name, path } of assets) {
      symlinkSync(path, join(fresh, name))
      say(`${title(part)}: ${name} is taken from KUBEBUILDER_ASSETS`)
    }
    const rest = Object.keys(part.programs).filter((name) => !assets.some((taken) => taken.name === name))
    if (rest.length > 0) await build(part, rest, fresh)
    chmodSync(fresh, 0o755)
    rmSync(folderOf(part), { recursive: true, force: true })
    renameSync(fresh, folderOf(part))
  } finally {
    rmSync(fresh, { recursive: true, force: true })
  }
}

async function build(part: GoPart, programs: readonly string[], folder: string): Promise<void> {
  say(`${title(part)}: building ${programs.join(', ')} (about ${part.seconds} s on two cores when nothing is cached)`)
  const alive = setInterval(() => say(`${title(part)}: still building`), 30_000)
  try {
    await goBuild(part, programs, folder)
  } finally {
    clearInterval(alive)
  }
}

/** `bin/` has the programs under their names, for a PATH. */
function link(part: GoPart): void {
  const bin = join(partsFolder, 'bin')
  mkdirSync(bin, { recursive: true })
  for (const name of Object.keys(part.programs)) {
    const fresh = join(bin, `.${name}-${process.pid}`)
    symlinkSync(join('..', basename(folderOf(part)), name), fresh)
    renameSync(fresh, join(bin, name))
  }
}

/** Whether this process has the lock now. One that its owner left behind when it died is taken away. */
function lock(file: string): boolean {
  const self = identityOf(process.pid)
  try {
    writeFileSync(file, `${process.pid} ${self?.start ?? ''}`, { flag: 'wx' })
    return true
  } catch {
    const owner = existsSync(file) ? readFileSync(file, 'utf8') : ''
    const [pid, start] = [owner.slice(0, owner.indexOf(' ')), owner.slice(owner.indexOf(' ') + 1)]
    if (owner.includes(' ') && identityOf(Number(pid))?.start !== start) rmSync(file, { force: true })
    return false
  }
}

async function get(part: GoPart): Promise<void> {
  const file = join(partsFolder, `.${part.name}-${part.version}.lock`)
  for (let looks = 0; !isComplete(part); looks++) {
    if (!lock(file)) {
      if (looks % 60 === 0) say(`${title(part)}: somebody else builds it`)
      await pause(500)
      continue
    }
    try {
      // Whoever had the lock a moment ago may have made it.
      if (!isComplete(part)) await make(part)
    } finally {
      rmSync(file, { force: true })
    }
  }
  link(part)
  say(`${title(part)}: ${folderOf(part)}`)
}

mkdirSync(partsFolder, { recursive: true })
for (const part of chosen(process.argv.slice(2))) await get(part)
