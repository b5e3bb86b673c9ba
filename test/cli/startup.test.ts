import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { experiment, firedrill, place } from './program.ts'

/** Loaded by `--import`: at its end the process says which packages it has read from node_modules. */
const SPY = `
import { registerHooks } from 'node:module'
import { writeSync } from 'node:fs'
const seen = new Set()
registerHooks({ load(url, context, next) {
  const name = /node_modules\\/((?:@[^/]+\\/)?[^/]+)/.exec(url)?.[1]
  if (name) seen.add(name)
  return next(url, context)
} })
process.on('exit', () => writeSync(2, 'packages: ' + JSON.stringify([...seen]) + '\\n'))
`

test.each([['--help'], ['catalog'], ['validate', 'a.yaml'], ['run', '--help'], ['status']])(
  'no SDK is loaded by %s %s',
  async (...args) => {
    using at = place()
    writeFileSync(join(at.folder, 'spy.mjs'), SPY)
    writeFileSync(join(at.folder, 'a.yaml'), experiment(1))
    const env = { ...at.env, NODE_OPTIONS: `--import=${join(at.folder, 'spy.mjs')}` }
    const { code, stderr } = await firedrill(args.filter(Boolean), { cwd: at.folder, env })
    expect(code).toBe(0)
    const packages = JSON.parse(/packages: (\[.*\])/.exec(stderr)?.[1] ?? 'null') as string[] | null
    expect(packages).not.toBeNull()
    // Help lists the completion plugin's commands, from its manifest alone.
    expect(packages).toEqual([])
  },
)
