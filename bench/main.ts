import { spawnSync } from 'node:child_process'
import { globSync } from 'node:fs'
import { dirname, join } from 'node:path'

/** `npm run bench -- NAME [arguments]` runs one bench, `npm run bench` lists them; each ends with 1 when a promise is not held. */
const benches = globSync('*/main.ts', { cwd: import.meta.dirname })
  .map(dirname)
  .toSorted()
const [name, ...rest] = process.argv.slice(2)

if (name !== undefined && benches.includes(name)) {
  const { status } = spawnSync(process.execPath, [join(import.meta.dirname, name, 'main.ts'), ...rest], { stdio: 'inherit' })
  process.exitCode = status ?? 70
} else {
  process.stderr.write(`npm run bench -- NAME, one of: ${benches.join(', ')}\n`)
  process.exitCode = 64
}
