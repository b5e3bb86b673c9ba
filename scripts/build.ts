// Compiles src/ to dist/ and writes oclif's manifest. Runs on any Node that strips types; `npm run build` uses the pinned one.
import { spawnSync } from 'node:child_process'
import { rmSync } from 'node:fs'

const run = (command: string, args: readonly string[]): void => {
  const { status, error } = spawnSync(command, args, { stdio: 'inherit' })
  if (error) throw error
  if (status !== 0) process.exit(status ?? 1)
}

rmSync('dist', { recursive: true, force: true })
run('node_modules/.bin/tsc', ['-p', 'tsconfig.build.json'])
