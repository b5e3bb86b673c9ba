import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { appendFileSync, chmodSync, chownSync, existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe } from '../../domain/error.ts'
import { CLIENT_ROLE, DATABASE } from '../layout.ts'
import { type Account, type Binaries, run } from './binaries.ts'

export const SUPERUSER = 'postgres'

export interface Template {
  /** An initialised cluster that was shut down cleanly; every node begins as a copy of it. */
  readonly data: string
  /** Holds the superuser's password; only its owner reads it. */
  readonly passwordFile: string
}

/**
 * Fast rather than durable: without fsync a crash of the machine loses data, a crash of a process does not.
 * Shared memory is mapped from files of the cluster, so that a killed server leaves none in /dev/shm.
 */
const SETTINGS = `
listen_addresses = '127.0.0.1'
unix_socket_directories = ''
max_connections = 60
shared_buffers = 16MB
dynamic_shared_memory_type = mmap
io_method = sync
autovacuum = off
jit = off
fsync = off
wal_level = replica
wal_keep_size = 128MB
max_wal_senders = 8
hot_standby = on
wal_sender_timeout = 2s
wal_receiver_timeout = 2s
wal_receiver_status_interval = 1s
wal_retrieve_retry_interval = 100ms
log_min_messages = warning
restart_after_crash = off
`
/** Clients need no password on loopback and have no rights that reach beyond the database. */
const ACCESS = `
host all ${CLIENT_ROLE} 127.0.0.1/32 trust
host all ${SUPERUSER} 127.0.0.1/32 scram-sha-256
host replication ${SUPERUSER} 127.0.0.1/32 scram-sha-256
`
/** The other databases of a new cluster are never used; without them a copy is a third in size. */
const SETUP = [
  `CREATE ROLE ${CLIENT_ROLE} LOGIN`,
  `ALTER DATABASE ${DATABASE} OWNER TO ${CLIENT_ROLE}`,
  `GRANT pg_monitor TO ${CLIENT_ROLE}`,
  'UPDATE pg_database SET datistemplate = false',
  'DROP DATABASE template1',
  'DROP DATABASE template0',
]

/** Initialising takes half a second, so it is done once a version and kept. */
export async function findTemplate(binaries: Binaries): Promise<Template> {
  const kept = join(binaries.cache, 'template')
  if (!existsSync(kept)) await create(binaries, kept)
  return { data: join(kept, 'data'), passwordFile: join(kept, 'password') }
}

async function create({ home, cache, account }: Binaries, kept: string): Promise<void> {
  const draft = mkdtempSync(join(cache, '.template-'))
  try {
    chmodSync(draft, 0o711)
    const data = join(draft, 'data')
    const passwordFile = join(draft, 'password')
    mkdirSync(data, { mode: 0o700 })
    writeFileSync(passwordFile, randomBytes(18).toString('base64url'), { mode: 0o600 })
    give(account, data, passwordFile)
    const options = { ...account, env: databaseEnvironment(), cwd: data }
    const superuser = [`--username=${SUPERUSER}`, `--pwfile=${passwordFile}`, '--auth=scram-sha-256']
    await run(
      join(home, 'bin', 'initdb'),
      ['-D', data, ...superuser, '--encoding=UTF8', '--locale=C', '--no-sync', '--wal-segsize=1'],
      options,
    )
    appendFileSync(join(data, 'postgresql.conf'), SETTINGS)
    writeFileSync(join(data, 'pg_hba.conf'), ACCESS)
    await singleUser(join(home, 'bin', 'postgres'), data, options)
    renameSync(draft, kept)
  } catch (error) {
    rmSync(draft, { recursive: true, force: true })
    if (!existsSync(kept)) throw new Error(`the database's template cannot be made: ${describe(error)}`)
  }
}

async function singleUser(postgres: string, data: string, options: object): Promise<void> {
  const child = spawn(postgres, ['--single', '-j', '-D', data, DATABASE], { ...options, stdio: ['pipe', 'ignore', 'pipe'] })
  let said = ''
  child.stderr.on('data', (part: Buffer) => {
    said += part.toString()
  })
  child.stdin.end(SETUP.map((statement) => `${statement};\n\n`).join(''))
  const [code] = (await once(child, 'exit')) as [number | null]
  if (code !== 0 || /ERROR|FATAL/.test(said)) throw new Error(said.trim() || `postgres --single ended with ${code}`)
}

/** Hands files over to the account that runs the database, where that is not us. */
export function give(account: Account | undefined, ...paths: readonly string[]): void {
  if (account !== undefined) for (const path of paths) chownSync(path, account.uid, account.gid)
}

export const databaseEnvironment = (): Readonly<Record<string, string>> => ({ PATH: process.env['PATH'] ?? '', LC_ALL: 'C', TZ: 'UTC' })
