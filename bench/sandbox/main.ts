import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { firedrill } from '../kit/program.ts'
import { inS, print, quantile, type Row } from '../kit/table.ts'

/** How long the sandbox takes to be up, with both databases, and what it leaves behind. `node bench/sandbox/main.ts [times]` */
const LIMIT = 3
const TIMES = Number(process.argv[2] ?? 5)

interface Up {
  readonly exports: Readonly<Record<string, string>>
  readonly processes: Readonly<Record<string, { readonly pid: number | null }>>
}

interface Round {
  readonly up: number
  readonly down: number
  readonly processes: number
  readonly left: readonly string[]
}

function call(home: string, ...args: readonly string[]): { readonly took: number; readonly out: string } {
  const [program = '', ...argv] = firedrill('sandbox', ...args, '--json')
  const from = performance.now()
  const { status, stdout, stderr } = spawnSync(program, argv, { encoding: 'utf8', env: { ...process.env, FIREDRILL_HOME: home } })
  if (status !== 0) throw new Error(`sandbox ${args[0]} ended with ${status}: ${stderr}`)
  return { took: (performance.now() - from) / 1000, out: stdout }
}

/** Every process that works in the folder or was told of it; its own are the only ones that know it. */
function processesOf(folder: string): readonly string[] {
  if (!existsSync('/proc')) return []
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(folder) || readlinkSync(`/proc/${pid}/cwd`).startsWith(folder)
      } catch {
        return false
      }
    })
    .map((pid) => `process ${pid}`)
}

/** What has ended and waits for its parent to look is gone. */
function runs(pid: number): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    return !/^ [ZX]/.test(stat.slice(stat.lastIndexOf(')') + 1))
  } catch {
    return false
  }
}

const answers = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1' }, () => resolve(true))
    socket.once('error', () => resolve(false)).once('connect', () => socket.destroy())
  })

async function portsOf(exports: Up['exports']): Promise<readonly string[]> {
  const ports = Object.values(exports).flatMap((value) => /127\.0\.0\.1:(\d+)/.exec(value)?.[1] ?? [])
  const open = await Promise.all(ports.map(async (port) => ((await answers(Number(port))) ? [`port ${port}`] : [])))
  return open.flat()
}

/** System V shared memory that no process is attached to; the databases of a sandbox make some. */
const segments = (): readonly string[] =>
  existsSync('/proc/sysvipc/shm')
    ? readFileSync('/proc/sysvipc/shm', 'utf8')
        .split('\n')
        .slice(1)
        .map((line) => line.trim().split(/\s+/))
        .flatMap(([, id, , , , , attached]) => (attached === '0' ? [`shared memory ${id}`] : []))
    : []

async function round(home: string): Promise<Round> {
  const before = segments()
  const { took: up, out } = call(home, 'up')
  const { exports, processes } = JSON.parse(out) as Up
  const folder = exports['SANDBOX_DIR'] ?? ''
  const running = processesOf(folder).length
  const down = call(home, 'down').took
  const left = [
    ...processesOf(folder),
    ...Object.values(processes).flatMap(({ pid }) => (pid !== null && runs(pid) ? [`process ${pid}`] : [])),
    ...(existsSync(folder) ? [folder] : []),
    ...(await portsOf(exports)),
    ...segments().filter((segment) => !before.includes(segment)),
  ]
  return { up, down, processes: running, left }
}

const home = mkdtempSync(join(tmpdir(), 'firedrill-bench-'))
try {
  const rounds: Round[] = []
  for (let i = 0; i < TIMES; i++) rounds.push(await round(home))
  const spread = (of: readonly number[]): string =>
    `${inS(quantile(of, 0))} min, ${inS(quantile(of, 0.5))} median, ${inS(quantile(of, 1))} max`
  const ups = rounds.map(({ up }) => up)
  const left = rounds.flatMap((one) => one.left)
  const rows: readonly Row[] = [
    { what: 'sandbox up', measured: spread(ups), limit: `median < ${inS(LIMIT)}`, held: quantile(ups, 0.5) < LIMIT },
    { what: 'sandbox down', measured: spread(rounds.map(({ down }) => down)) },
    { what: 'processes', measured: String(rounds[0]?.processes ?? 0) },
    { what: 'left behind', measured: left.length === 0 ? 'nothing' : left.join(', '), limit: 'nothing', held: left.length === 0 },
  ]
  print(`the sandbox, ${TIMES} times up and down, each a process of its own`, rows)
} finally {
  rmSync(home, { recursive: true, force: true })
}
