import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync, readlinkSync } from 'node:fs'

/** A TCP socket that listens. */
export type Listener = {
  /** Where a client of this machine reaches it: a wildcard address is its loopback. */
  readonly host: string
  readonly port: number
}

interface ListenRow extends Listener {
  readonly inode: string
  /** Connections that are made and that nobody has accepted yet. */
  readonly waiting: number
}

/** `0100007F` → 127.0.0.1: proc(5) prints IPv4 addresses as a little-endian word. */
function readAddress(hex: string): string {
  const bytes = (hex.match(/../g) ?? []).map((byte) => Number.parseInt(byte, 16))
  if (bytes.every((byte) => byte === 0)) return hex.length === 8 ? '127.0.0.1' : '::1'
  if (hex.length === 8) return bytes.toReversed().join('.')
  const words = [0, 4, 8, 12].flatMap((at) => bytes.slice(at, at + 4).toReversed())
  if (words.slice(0, 10).every((byte) => byte === 0) && words[10] === 0xff) return words.slice(12).join('.')
  return Array.from({ length: 8 }, (_, i) => (((words[2 * i] ?? 0) << 8) | (words[2 * i + 1] ?? 0)).toString(16)).join(':')
}

function listenRows(): readonly ListenRow[] {
  return ['/proc/net/tcp', '/proc/net/tcp6'].flatMap((file) => {
    let text = ''
    try {
      text = readFileSync(file, 'utf8')
    } catch {
      return []
    }
    return text
      .split('\n')
      .slice(1)
      .flatMap((line) => {
        const [, local = '', , state, queues = '', , , , , inode = ''] = line.trim().split(/\s+/)
        if (state !== '0A') return []
        const [address = '', port = ''] = local.split(':')
        const waiting = Number.parseInt(queues.split(':')[1] ?? '0', 16)
        return [{ host: readAddress(address), port: Number.parseInt(port, 16), inode, waiting }]
      })
  })
}

function socketsOf(pid: number): ReadonlySet<string> {
  const inodes = new Set<string>()
  let names: readonly string[] = []
  try {
    names = readdirSync(`/proc/${pid}/fd`)
  } catch {
    return inodes
  }
  for (const name of names) {
    try {
      const inode = /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${pid}/fd/${name}`))?.[1]
      if (inode !== undefined) inodes.add(inode)
    } catch {
      // Closed while we looked.
    }
  }
  return inodes
}

function lsof(args: readonly string[]): readonly string[] {
  try {
    return execFileSync('lsof', ['-nP', '-a', '-iTCP', '-sTCP:LISTEN', ...args], { encoding: 'utf8' }).split('\n')
  } catch {
    return []
  }
}

/** `n*:8080`, `n127.0.0.1:8080`, `n[::1]:8080`: a field line of `lsof -F n`. */
function readLsofName(line: string): readonly Listener[] {
  const match = /^n(.*):(\d+)$/.exec(line)
  if (match === null) return []
  const host = (match[1] ?? '').replace(/^\[|\]$/g, '')
  return [{ host: host === '*' ? '127.0.0.1' : host, port: Number(match[2]) }]
}

/** Who listens where: one look at every socket of these processes. Sees only processes of this user, unless root. */
export interface ListenerMap {
  readonly of: (pid: number) => readonly Listener[]
  /** A forked server's children may all hold the same socket. */
  readonly pidsOn: (port: number) => readonly number[]
}

/** Which of these processes listen where. */
export function mapListeners(pids: readonly number[]): ListenerMap {
  return process.platform === 'linux' ? mapByProc(pids) : mapByLsof(pids)
}

function mapByProc(pids: readonly number[]): ListenerMap {
  const rows = listenRows()
  const inodes = new Set(rows.map(({ inode }) => inode))
  const holders = new Map<string, number[]>()
  for (const pid of rows.length === 0 ? [] : pids)
    for (const inode of socketsOf(pid)) if (inodes.has(inode)) holders.set(inode, [...(holders.get(inode) ?? []), pid])
  const held = ({ inode }: ListenRow): readonly number[] => holders.get(inode) ?? []
  return {
    of: (pid) => rows.filter((row) => held(row).includes(pid)).map(({ host, port }) => ({ host, port })),
    pidsOn: (wanted) => [...new Set(rows.filter(({ port }) => port === wanted).flatMap(held))],
  }
}

const mapByLsof = (pids: readonly number[]): ListenerMap => ({
  of: (pid) => lsof(['-p', String(pid), '-Fn']).flatMap(readLsofName),
  pidsOn: (port) =>
    lsof([`-iTCP:${port}`, '-t'])
      .map(Number)
      .filter((pid) => pids.includes(pid)),
})

/** Connections to the port that nobody has accepted; undefined where the system does not tell (only Linux does), or nothing listens. */
export function unaccepted(port: number): number | undefined {
  if (process.platform !== 'linux') return undefined
  const rows = listenRows().filter((row) => row.port === port)
  return rows.length === 0 ? undefined : rows.reduce((sum, row) => sum + row.waiting, 0)
}
