import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import {
  chownSync,
  closeSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { Client } from 'pg'
import { DATABASE_PACKAGE, packageFolder } from '../../src/sandbox/database/binaries.ts'
import { freePort } from './part.ts'

/** A real server of the embedded package, for tests. It refuses to run as root, so root runs it as nobody. */
const USER = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {}

export interface Node {
  readonly name: string
  readonly port: number
  readonly dsn: string
  readonly data: string
  query(text: string): Promise<readonly (readonly unknown[])[]>
  /** To the server and its backends. */
  signal(name: NodeJS.Signals): void
  kill(): Promise<void>
}

export interface Cluster {
  readonly folder: string
  readonly primary: Node
  readonly standby: Node
  end(): Promise<void>
}

/** The binaries where the other user can read them, with the links that the package leaves to its install script. */
function binaries(folder: string): string {
  const root = packageFolder(DATABASE_PACKAGE)
  const native = join(folder, 'native')
  cpSync(join(root, 'native'), native, { recursive: true })
  const links: { source: string; target: string }[] = JSON.parse(readFileSync(join(native, 'pg-symlinks.json'), 'utf8'))
  for (const { source, target } of links) {
    const link = join(folder, target)
    if (!existsSync(link)) symlinkSync(join(folder, source), link)
  }
  return join(native, 'bin')
}

/** The server and its backends, each of which is a process of its own: stopping the first does not stop the others. */
function family(pid: number): readonly number[] {
  const children = `/proc/${pid}/task/${pid}/children`
  if (!existsSync(children)) return []
  return [pid, ...readFileSync(children, 'utf8').trim().split(' ').filter(Boolean).map(Number)]
}

/** A backend that ends by itself between being listed and being signalled is as good as signalled. */
function signalAll(pid: number, which: NodeJS.Signals): void {
  for (const one of family(pid)) {
    try {
      process.kill(one, which)
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error
    }
  }
}

async function start(bin: string, name: string, data: string, settings: readonly string[]): Promise<Node> {
  const port = await freePort()
  const log = openSync(`${data}.log`, 'w')
  const child: ChildProcess = spawn(
    join(bin, 'postgres'),
    ['-D', data, '-p', String(port), '-k', '', '-h', '127.0.0.1', ...settings.flatMap((one) => ['-c', one])],
    { ...USER, stdio: ['ignore', log, log], cwd: data },
  )
  closeSync(log)
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  const retry = async (): Promise<Node> => {
    child.kill('SIGKILL')
    await ended
    return start(bin, name, data, settings)
  }
  const dsn = `postgres://postgres@127.0.0.1:${port}/postgres`
  const query = async (text: string): Promise<readonly (readonly unknown[])[]> => {
    const client = new Client({ connectionString: dsn })
    client.on('error', () => undefined)
    await client.connect()
    try {
      return (await client.query<unknown[]>({ text, rowMode: 'array' })).rows
    } finally {
      await client.end()
    }
  }
  for (let i = 0; ; i++) {
    try {
      const [row] = await query('show data_directory')
      // Somebody else took the port between its choice and this server's start: what answers is not ours.
      if (row?.[0] !== data) return await retry()
      break
    } catch (error) {
      if (i > 200 || child.exitCode !== null) {
        child.kill('SIGKILL')
        throw new Error(`postgres ${name} did not start: ${readFileSync(`${data}.log`, 'utf8').slice(-2_000)}`, { cause: error })
      }
      await pause(25)
    }
  }
  return {
    name,
    port,
    dsn,
    data,
    query,
    signal(which) {
      signalAll(child.pid ?? 0, which)
    },
    async kill() {
      signalAll(child.pid ?? 0, 'SIGCONT')
      child.kill('SIGKILL')
      await ended
    },
  }
}

const SETTINGS = [
  'fsync=off',
  'shared_buffers=16MB',
  'dynamic_shared_memory_type=mmap',
  'max_wal_senders=10',
  'wal_level=replica',
  'hot_standby=on',
]

/** A primary and a streaming standby made from its cold copy, which replicates through `link`. About a second. */
export async function startCluster(link: (port: number) => Promise<number> = (port) => Promise.resolve(port)): Promise<Cluster> {
  const folder = mkdtempSync(join(tmpdir(), 'firedrill-pg-'))
  if (USER.uid !== undefined) chownSync(folder, USER.uid, USER.gid)
  const bin = binaries(folder)
  const [first, second] = [join(folder, 'eu'), join(folder, 'us')]
  const made = spawnSync(join(bin, 'initdb'), ['-D', first, '-U', 'postgres', '-A', 'trust', '--no-sync', '-E', 'UTF8', '--locale=C'], {
    ...USER,
    cwd: folder,
    encoding: 'utf8',
  })
  if (made.status !== 0) throw new Error(`initdb: ${made.stderr}`)
  mkdirSync(second, { mode: 0o700 })
  if (USER.uid !== undefined) chownSync(second, USER.uid, USER.gid)
  const copied = spawnSync('cp', ['-a', `${first}/.`, second], { ...USER })
  if (copied.status !== 0) throw new Error('cp failed')
  const primary = await start(bin, 'eu', first, SETTINGS)
  writeFileSync(join(second, 'standby.signal'), '')
  if (USER.uid !== undefined) chownSync(join(second, 'standby.signal'), USER.uid, USER.gid)
  const source = `primary_conninfo=host=127.0.0.1 port=${await link(primary.port)} user=postgres application_name=us`
  const standby = await start(bin, 'us', second, [...SETTINGS, source]).catch(async (error: unknown) => {
    await primary.kill()
    throw error
  })
  return {
    folder,
    primary,
    standby,
    async end() {
      await Promise.all([primary.kill(), standby.kill()])
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
