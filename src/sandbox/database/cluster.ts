import { type Dirent, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { copyFile, lchown, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { seconds } from '../../domain/time.ts'
import { HOST, type Region } from '../layout.ts'
import { type Account, run } from './binaries.ts'
import { asSuperuser, withDatabase } from './session.ts'
import { give, SUPERUSER } from './template.ts'

/** A node begins as a copy of the template; as it was shut down cleanly, primary and standby may both start from it at once. */
export async function copyTemplate(template: string, data: string): Promise<void> {
  await run('cp', ['-a', template, data])
}

export interface Upstream {
  readonly region: Region
  /** Where the standby reaches its primary. */
  readonly port: number
  readonly passwordFile: string
}

/** Makes the folder a standby's. Nothing of its former primary's own settings stays: a synchronous one would block every write after a promotion. */
export function becomeStandby(data: string, upstream: Upstream, account: Account | undefined): void {
  const { password } = asSuperuser(upstream.passwordFile)
  const source = `host=${HOST} port=${upstream.port} user=${SUPERUSER} password=${password} application_name=${upstream.region} connect_timeout=2`
  settings(data, `primary_conninfo = '${source}'\n`, account)
  const signal = join(data, 'standby.signal')
  writeFileSync(signal, '')
  give(account, signal)
}

/** Commits wait for any standby. */
export const becomeSynchronous = (data: string, account: Account | undefined): void =>
  settings(data, "synchronous_standby_names = '*'\n", account)

function settings(data: string, text: string, account: Account | undefined): void {
  const file = join(data, 'postgresql.auto.conf')
  writeFileSync(file, text, { mode: 0o600 })
  give(account, file)
}

export interface BaseCopy {
  readonly fromPort: number
  readonly from: string
  readonly to: string
  readonly passwordFile: string
  readonly account: Account | undefined
}

/** Folders whose contents belong to the running server alone; the log is streamed, not copied. */
const EMPTY = new Set(['pg_wal', 'pg_replslot', 'pg_dynshmem', 'pg_notify', 'pg_serial', 'pg_snapshots', 'pg_stat_tmp', 'pg_subtrans'])
const NOT_COPIED = new Set(['postmaster.pid', 'postmaster.opts', 'standby.signal', 'postgresql.auto.conf'])
const COPY_LIMIT = seconds(20)

/** An online base backup: the server is told, its files are copied as they are, its label makes the copy consistent on start. */
export async function baseCopy(copy: BaseCopy): Promise<void> {
  rmSync(copy.to, { recursive: true, force: true })
  const label = await withDatabase(copy.fromPort, asSuperuser(copy.passwordFile), COPY_LIMIT, async (client) => {
    await client.query("select pg_backup_start('rejoin', true)")
    await copyTree(copy.from, copy.to, copy.account, true)
    const { rows } = await client.query<{ labelfile: string }>('select labelfile from pg_backup_stop(false)')
    return rows[0]?.labelfile ?? ''
  })
  const file = join(copy.to, 'backup_label')
  writeFileSync(file, label)
  const inWal = ['archive_status', 'summaries'].map((name) => join(copy.to, 'pg_wal', name))
  for (const folder of inWal) mkdirSync(folder, { mode: 0o700 })
  give(copy.account, file, ...inWal)
}

async function copyTree(from: string, to: string, account: Account | undefined, top: boolean): Promise<void> {
  makeFolder(to, account)
  const entries = await readdir(from, { withFileTypes: true })
  const copyEntry = async (entry: Dirent): Promise<void> => {
    const [source, target] = [join(from, entry.name), join(to, entry.name)]
    if (entry.isFile() && !(top && NOT_COPIED.has(entry.name))) return copyLive(source, target, account)
    if (!entry.isDirectory()) return
    if (top && EMPTY.has(entry.name)) makeFolder(target, account)
    else await copyTree(source, target, account, false)
  }
  await Promise.all(entries.map(copyEntry))
}

function makeFolder(folder: string, account: Account | undefined): void {
  mkdirSync(folder, { mode: 0o700 })
  give(account, folder)
}

/** A file that the server removes meanwhile is no file of the backup. */
async function copyLive(source: string, target: string, account: Account | undefined): Promise<void> {
  try {
    await copyFile(source, target)
    if (account !== undefined) await lchown(target, account.uid, account.gid)
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error
  }
}
