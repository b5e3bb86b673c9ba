import { readFileSync } from 'node:fs'
import { Socket } from 'node:net'
import type { Client } from 'pg'
import type { Seconds } from '../../domain/time.ts'
import { CLIENT_ROLE, DATABASE, HOST } from '../layout.ts'
import { SUPERUSER } from './template.ts'

export interface Who {
  readonly user: string
  readonly password?: string
}
export const asClient: Who = { user: CLIENT_ROLE }
export const asSuperuser = (passwordFile: string): Who => ({ user: SUPERUSER, password: readFileSync(passwordFile, 'utf8').trim() })

/** One connection for one piece of work; whatever it waits for, it is over in time and its socket is gone. */
export async function withDatabase<T>(port: number, who: Who, within: Seconds, work: (client: Client) => Promise<T>): Promise<T> {
  const { default: pg } = await import('pg')
  const socket = new Socket()
  const client = new pg.Client({ host: HOST, port, database: DATABASE, ...who, stream: () => socket })
  // What breaks the connection rejects the work; the event beside it says nothing new.
  client.on('error', () => undefined)
  let late: NodeJS.Timeout | undefined
  const timeout = new Promise<never>((_, reject) => {
    late = setTimeout(() => reject(new Error(`no answer within ${within} s`)), within * 1000)
  })
  const done = client.connect().then(() => work(client))
  try {
    return await Promise.race([done, timeout])
  } finally {
    clearTimeout(late)
    done.catch(() => undefined)
    socket.destroy()
  }
}

/** The standbys of the primary; rejects unless the server takes writes. */
export function checkPrimary(port: number, within: Seconds): Promise<readonly string[]> {
  return withDatabase(port, asClient, within, async (client) => {
    if (await isStandby(client)) throw new Error('is in recovery')
    return streaming(client)
  })
}

/** Whether the server replays another's log and takes no writes. */
export async function isStandby(client: Client): Promise<boolean> {
  const { rows } = await client.query<{ standby: boolean }>('select pg_is_in_recovery() as standby')
  return rows[0]?.standby === true
}

/** Names of the standbys that receive the log as it is written. */
export async function streaming(client: Client): Promise<readonly string[]> {
  const { rows } = await client.query<{ name: string }>(
    "select application_name as name from pg_stat_replication where state = 'streaming'",
  )
  return rows.map(({ name }) => name)
}
