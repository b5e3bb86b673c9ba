import { existsSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'

const parts = process.env['FIREDRILL_PARTS'] ?? join(homedir(), '.cache', 'firedrill-parts')

export interface K6Binary {
  readonly name: string
  readonly path: string
  readonly present: boolean
}

/** The k6 binaries that real tests run with: `bin/k6-v1` and `bin/k6-v2` of the folder FIREDRILL_PARTS. */
export const k6Binaries: readonly K6Binary[] = ['k6-v1', 'k6-v2'].map((name) => {
  const path = join(parts, 'bin', name)
  return { name, path, present: existsSync(path) }
})
