import type { Outcome } from '../domain/sample.ts'

/** Times in seconds of the wall clock. */
export type Shot = (start: number, end: number, outcome: Outcome, code: string) => void

interface Point {
  readonly metric: string
  readonly data: { readonly time: string; readonly value: number; readonly tags: Readonly<Record<string, string | undefined>> | null }
}

interface Pending {
  readonly end: number
  took: number
  readonly tags: Readonly<Record<string, string | undefined>>
}

const PREFIX = '{"metric":"'
/** What of a request's time its duration leaves out. */
const BEFORE = new Set(['http_req_blocked', 'http_req_connecting', 'http_req_tls_handshaking'])
const WANTED = new Set([...BEFORE, 'http_req_duration', 'http_req_failed', 'dropped_iterations'])

/**
 * Reads k6's JSON output as it comes and keeps nothing but the request under way: its points stand next to each other, `http_req_duration`
 * first and `http_req_failed` last. Their time is the end of the request. Of a dial that failed k6 tells no duration: start is then the end.
 */
export function createK6Stream(shot: Shot): { readonly line: (line: string) => void; readonly end: () => void } {
  let pending: Pending | undefined

  const settle = (failed: boolean): void => {
    if (!pending) return
    const { end, took, tags } = pending
    pending = undefined
    shot(end - took / 1000, end, failed ? 'failed' : 'full', codeOf(tags))
  }

  const take = ({ metric, data }: Point): void => {
    if (metric === 'http_req_duration') {
      if (pending) settle(isError(pending.tags))
      pending = { end: wallOf(data.time), took: data.value, tags: data.tags ?? {} }
    } else if (metric === 'http_req_failed') settle(data.value !== 0)
    else if (metric === 'dropped_iterations') {
      const at = wallOf(data.time)
      for (let i = 0; i < data.value; i++) shot(at, at, 'missed', 'dropped')
    } else if (pending) pending.took += data.value
  }

  return {
    line(line) {
      if (!line.startsWith(PREFIX) || !WANTED.has(line.slice(PREFIX.length, line.indexOf('"', PREFIX.length)))) return
      const point = parse(line)
      if (point) take(point)
    },
    end: () => settle(pending !== undefined && isError(pending.tags)),
  }
}

/** undefined: a line that a script printed, or one cut off by k6's end. */
function parse(line: string): Point | undefined {
  try {
    return JSON.parse(line) as Point
  } catch {
    return undefined
  }
}

const statusOf = (tags: Pending['tags']): number => Number(tags['status'] ?? 0)
const isError = (tags: Pending['tags']): boolean => statusOf(tags) === 0 || statusOf(tags) >= 400

/** k6's own numbers for what went wrong below HTTP: 1050 timeout, 1212 refused, 1220 reset, … */
function codeOf(tags: Pending['tags']): string {
  if (statusOf(tags) > 0) return String(statusOf(tags))
  const number = tags['error_code'] ?? ''
  return (
    { '1050': 'timeout', '1211': 'timeout', '1212': 'ECONNREFUSED', '1220': 'ECONNRESET', '1101': 'ENOTFOUND' }[number] ?? `k6:${number}`
  )
}

/** RFC 3339 with nanoseconds, of which Date.parse would keep milliseconds only. */
export function wallOf(time: string): number {
  const [, whole = '', fraction = '', zone = 'Z'] = /^(.{19})(\.\d+)?(.*)$/.exec(time) ?? []
  return Date.parse(`${whole}${zone}`) / 1000 + Number(`0${fraction}`)
}
