import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { quantile } from './table.ts'

export interface Command {
  readonly name: string
  readonly argv: readonly string[]
}

/** Seconds. */
export interface Took {
  readonly name: string
  readonly wall: { readonly min: number; readonly median: number }
  /** User and system time of the process and all its children, mean of the rounds; null where the system does not say it. */
  readonly cpu: number | null
}

/** Clock ticks in which Linux counts (sysconf _SC_CLK_TCK, 100 on all that Node runs on). */
const TICKS = 100

/** What all ended children of this process used so far, seconds; in ticks of 10 ms, so that only sums of many are exact. */
function childrenCpu(): number | null {
  try {
    const stat = readFileSync('/proc/self/stat', 'utf8')
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return (Number(fields[13]) + Number(fields[14])) / TICKS
  } catch {
    return null
  }
}

/** Runs the commands in turn (A B C A B C …), so that what else the machine does falls on all alike. The first round is not counted. */
export function inTurn(commands: readonly Command[], rounds: number): readonly Took[] {
  const walls = commands.map((): number[] => [])
  const cpus = commands.map((): (number | null)[] => [])
  for (let round = 0; round <= rounds; round++) {
    for (const [i, command] of commands.entries()) {
      const { wall, cpu } = once(command)
      if (round === 0) continue
      walls[i]?.push(wall)
      cpus[i]?.push(cpu)
    }
  }
  return commands.map(({ name }, i) => {
    const wall = walls[i] ?? []
    return { name, wall: { min: quantile(wall, 0), median: quantile(wall, 0.5) }, cpu: mean(cpus[i] ?? []) }
  })
}

function once({ name, argv: [program = '', ...args] }: Command): { readonly wall: number; readonly cpu: number | null } {
  const [cpuBefore, from] = [childrenCpu(), performance.now()]
  const { status, stderr, error } = spawnSync(program, args, { stdio: ['ignore', 'ignore', 'pipe'], encoding: 'utf8' })
  const wall = (performance.now() - from) / 1000
  if (status !== 0) throw new Error(`${name} ended with ${status}: ${error?.message ?? stderr}`)
  const cpuAfter = childrenCpu()
  return { wall, cpu: cpuBefore === null || cpuAfter === null ? null : cpuAfter - cpuBefore }
}

const mean = (values: readonly (number | null)[]): number | null => {
  const known = values.filter((value) => value !== null)
  return known.length === 0 ? null : known.reduce((sum, value) => sum + value, 0) / known.length
}

/** Of processor time where it is known, since a busy machine stretches the wall's; else of the wall's minima. */
export const ratioOf = (a: Took, b: Took): number => (a.cpu !== null && b.cpu !== null ? a.cpu / b.cpu : a.wall.min / b.wall.min)
