import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { GoPart } from './parts.ts'

const lines = (all: readonly string[]): string => all.map((line) => `\t${line}\n`).join('')

/**
 * A module that only requires the part. `go install` refuses modules with replace lines of their own (etcd, Kubernetes), and does not find
 * one whose path was once without its major version (k6).
 */
function goMod({ name, module, moduleVersion, programs, replace = {} }: GoPart): string {
  const replaced = Object.entries(replace).map(([path, version]) => `${path} => ${path} ${version}`)
  return [
    `module firedrill.test/${name}\n`,
    'go 1.26.0\n',
    `require ${module} ${moduleVersion}\n`,
    `tool (\n${lines(Object.values(programs))})\n`,
    replaced.length === 0 ? '' : `replace (\n${lines(replaced)})\n`,
  ].join('\n')
}

/** Builds these programs of the part into the folder. Everything comes from the Go module proxy, checked by Go's checksum database. */
export async function goBuild(part: GoPart, programs: readonly string[], folder: string): Promise<void> {
  const work = mkdtempSync(join(tmpdir(), 'firedrill-part-'))
  try {
    writeFileSync(join(work, 'go.mod'), goMod(part))
    const set = Object.entries(part.set ?? {}).map(([name, value]) => `-X ${name}=${value}`)
    for (const name of programs) {
      await go(work, ['build', '-ldflags', ['-s -w', ...set].join(' '), '-o', join(folder, name), part.programs[name] ?? ''])
    }
  } finally {
    rmSync(work, { recursive: true, force: true })
  }
}

async function go(cwd: string, args: readonly string[]): Promise<void> {
  const env = { ...process.env, CGO_ENABLED: '0', GOTOOLCHAIN: 'auto', GOWORK: 'off', GOFLAGS: '-mod=mod -trimpath -buildvcs=false' }
  const child = spawn('go', args, { cwd, env, stdio: ['ignore', 'ignore', 'pipe'] })
  let said = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said = `${said}${text}`.slice(-8_000)
  })
  const [code] = await once(child, 'close')
  if (code !== 0) throw new Error(`go ${args[0]}: exit ${String(code)}\n${said}`)
}
