import { spawnSync } from 'node:child_process'
import { cpSync, lstatSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ROOT } from '../kit/program.ts'
import { inMb, inS, print } from '../kit/table.ts'

/** `npm ci` of a fresh checkout, the build included, with an empty cache and again with a full one. `node bench/install/main.ts` */
const LIMIT = 90

function must(folder: string, program: string, ...args: readonly string[]): { readonly took: number; readonly out: string } {
  const from = performance.now()
  const { status, stdout, stderr } = spawnSync(program, args, { cwd: folder, encoding: 'utf8', maxBuffer: 1 << 26 })
  if (status !== 0) throw new Error(`${program} ${args[0]} ended with ${status}: ${stderr}`)
  return { took: (performance.now() - from) / 1000, out: stdout }
}

/** What is under version control, as it lies here. */
function checkout(into: string): void {
  for (const file of must(ROOT, 'git', 'ls-files').out.trim().split('\n')) cpSync(join(ROOT, file), join(into, file), { recursive: true })
}

function sizeOf(path: string): number {
  const stat = lstatSync(path)
  if (!stat.isDirectory()) return stat.blocks * 512
  return readdirSync(path).reduce((sum, name) => sum + sizeOf(join(path, name)), stat.blocks * 512)
}

const folder = mkdtempSync(join(tmpdir(), 'firedrill-bench-'))
try {
  const work = join(folder, 'checkout')
  checkout(work)
  const install = (): number => must(work, 'npm', 'ci', '--no-audit', '--no-fund', '--cache', join(folder, 'cache')).took
  const cold = install()
  const warm = install()
  const without = must(work, 'npm', 'ls', '--all', '--parseable', '--omit=dev').out.trim().split('\n').slice(1)
  const used = without.reduce((sum, path) => sum + sizeOf(path), 0)
  print('npm ci of a fresh checkout, with the build', [
    { what: 'empty cache', measured: inS(cold), limit: `< ${inS(LIMIT)}`, held: cold < LIMIT },
    { what: 'full cache', measured: inS(warm), limit: `< ${inS(LIMIT)}`, held: warm < LIMIT },
    { what: 'node_modules', measured: inMb(sizeOf(join(work, 'node_modules'))) },
    { what: 'of it what a user needs', measured: `${inMb(used)}, ${without.length} packages` },
    { what: 'dist', measured: inMb(sizeOf(join(work, 'dist'))) },
  ])
} finally {
  rmSync(folder, { recursive: true, force: true })
}
