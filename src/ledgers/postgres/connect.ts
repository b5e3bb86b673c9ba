import { Socket } from 'node:net'
import { refused } from '../../domain/error.ts'

/** One connection that was opened for one purpose and is never opened again by itself. */
export interface Link {
  /** Rows as arrays, in the order of the statement's columns. */
  query(text: string, values?: readonly unknown[]): Promise<readonly (readonly unknown[])[]>
  /** The server warned since the last query began, such as when a wait for the synchronous standby was cut short. */
  warned(): boolean
  /** The other side has closed it. */
  closed(): boolean
  /** Closes the socket at once, whatever is under way. */
  readonly destroy: () => void
  end(): Promise<void>
}

/** Checks the form alone, so that a wrong one is named before anything starts. The text is never printed: it may hold a password. */
export function checkDsn(what: string, dsn: string): string {
  if (!/^postgres(?:ql)?:\/\//.test(dsn) || !URL.canParse(dsn)) {
    throw refused(`The ${what} of a postgres ledger is no connection string`, 'LEDGER_DSN', ['postgres://user@host:5432/database'])
  }
  return dsn
}

/** The driver, loaded once a ledger is opened and not before. */
export const loadDriver = (): Promise<unknown> => import('pg')

/** A server that hangs never says goodbye. */
const GOODBYE_MS = 1_000

/** A name in the connection string would win over ours, by which the removal finds what is still connected. */
function unnamed(dsn: string): string {
  const url = new URL(dsn)
  if (!url.searchParams.has('application_name')) return dsn
  url.searchParams.delete('application_name')
  return url.href
}

/** Connects once, within the signal's time. `name` shows in `pg_stat_activity`. Rejects with the system's or the server's own error. */
export async function connect(dsn: string, name: string, signal: AbortSignal): Promise<Link> {
  const { Client } = await import('pg')
  const socket = new Socket()
  const client = new Client({ connectionString: unnamed(dsn), application_name: name, keepAlive: true, stream: () => socket })
  let closed = false
  let warned = false
  client.on('error', () => {
    closed = true
  })
  client.on('end', () => {
    closed = true
  })
  client.on('notice', (notice) => {
    warned ||= notice.severity === 'WARNING'
  })
  const destroy = (): void => {
    closed = true
    socket.destroy()
  }
  await within(signal, destroy, client.connect())
  return {
    async query(text, values) {
      warned = false
      const result = await client.query<unknown[]>({ text, values: [...(values ?? [])], rowMode: 'array' })
      return result.rows
    },
    warned: () => warned,
    closed: () => closed,
    destroy,
    async end() {
      const timer = setTimeout(destroy, GOODBYE_MS)
      await client.end().catch(destroy)
      clearTimeout(timer)
    },
  }
}

/** What `work` comes to, or the signal's reason once it aborts; `stop` frees what `work` holds. */
export async function within<T>(signal: AbortSignal, stop: () => void, work: Promise<T>): Promise<T> {
  const aborted = Promise.withResolvers<never>()
  const onAbort = (): void => {
    stop()
    aborted.reject(signal.reason)
  }
  if (signal.aborted) onAbort()
  signal.addEventListener('abort', onAbort, { once: true })
  try {
    return await Promise.race([work, aborted.promise])
  } finally {
    signal.removeEventListener('abort', onAbort)
    work.catch(() => undefined)
  }
}
