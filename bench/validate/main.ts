import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { EXPERIMENT, firedrill } from '../kit/program.ts'
import { inTurn, ratioOf, type Took } from '../kit/rounds.ts'
import { inMs, print, type Row, times } from '../kit/table.ts'

/**
 * `validate` of one file against `chaos validate` of a file that says much the same. `node bench/validate/main.ts [rounds] [chaos]`: without
 * a path to Chaos Toolkit's program it is installed with pip into a folder that is removed afterwards.
 */
const LIMIT = 0.7
const VERSION = '1.19.0'
const OTHERS = join(import.meta.dirname, 'region-loss.chaos.yaml')

function must(program: string, ...args: readonly string[]): void {
  const { status, stderr, error } = spawnSync(program, args, { encoding: 'utf8' })
  if (status !== 0) throw new Error(`${program} ${args[0]} ended with ${status}: ${error?.message ?? stderr}`)
}

function installed(folder: string): string {
  must('python3', '-m', 'venv', folder)
  must(join(folder, 'bin', 'pip'), 'install', '--quiet', `chaostoolkit==${VERSION}`)
  return join(folder, 'bin', 'chaos')
}

const row = (took: Took): Row => ({
  what: took.name,
  measured: `${took.cpu === null ? '' : `${inMs(took.cpu)} cpu, `}${inMs(took.wall.min)} min, ${inMs(took.wall.median)} median`,
})

const folder = mkdtempSync(join(tmpdir(), 'firedrill-bench-'))
try {
  const chaos = process.argv[3] ?? installed(join(folder, 'venv'))
  const [bare, ours, theirs] = inTurn(
    [
      { name: 'node -e 0', argv: [process.execPath, '-e', '0'] },
      { name: 'firedrill validate', argv: firedrill('validate', EXPERIMENT) },
      // Without its look for a newer version, which would ask the network.
      { name: 'chaos validate', argv: [chaos, '--no-version-check', '--log-file', join(folder, 'log'), 'validate', OTHERS] },
    ],
    Number(process.argv[2] ?? 20),
  )
  if (!bare || !ours || !theirs) throw new Error('nothing was measured')
  const ratio = ratioOf(ours, theirs)
  print(`validate of one file, against Chaos Toolkit ${VERSION}`, [
    row(theirs),
    { ...row(ours), ratio: times(ratio), limit: `≤ ${times(LIMIT)}`, held: ratio <= LIMIT },
    { ...row(bare), ratio: times(ratioOf(bare, theirs)) },
  ])
} finally {
  rmSync(folder, { recursive: true, force: true })
}
