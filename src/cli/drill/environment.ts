import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { arch, cpus, hostname, release, totalmem, type, userInfo } from 'node:os'
import type { JsonObject } from '../../domain/json.ts'

/** A host is told from another without its name being written into evidence that leaves the house. */
const hashed = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 16)

function machineId(): string {
  try {
    return readFileSync('/etc/machine-id', 'utf8').trim()
  } catch {
    return hostname()
  }
}

/** Who and where: what consent is bound to. */
export const identitiesOf = (): JsonObject => ({ host: hashed(machineId()), user: userInfo().username })

/** What the numbers were measured on. */
export const environmentOf = (version: string, env: Readonly<Record<string, string | undefined>>): JsonObject => ({
  firedrill: version,
  node: process.version,
  platform: `${type()} ${release()} ${arch()}`,
  cpus: cpus().length,
  cpu: cpus()[0]?.model ?? null,
  memory: totalmem(),
  host: hashed(machineId()),
  user: userInfo().username,
  ci: env['CI'] ? true : false,
  clock: 'CLOCK_MONOTONIC',
})

/** `20261122T153006Z-4f2a9c`: sorts by time, and two drills of one second differ. */
export function newRunId(wall: number, random: () => number): string {
  const stamp = new Date(wall * 1000).toISOString().replaceAll(/[-:]|\.\d+/g, '')
  return `${stamp.toLowerCase()}-${Math.floor(random() * 0xffffff)
    .toString(16)
    .padStart(6, '0')}`
}
