import type { Clock } from '../../contracts/context.ts'
import type { Instant } from '../../domain/time.ts'
import { connect, type Link, within } from './connect.ts'
import { type Answer, afterSending, neverSent } from './outcome.ts'
import { insertStatement } from './sql.ts'

/** A store that refuses is asked again by the same writer at most ten times a second: a server that starts must not be stormed. */
const REST_S = 0.1

interface Desk {
  link?: Link
  refused?: { readonly until: Instant; readonly code: string }
}

export interface Writers {
  write(writer: number, seq: number, signal: AbortSignal): Promise<Answer & { readonly self?: string }>
  close(): Promise<void>
}

/** One connection a writer, opened within the write's own time and thrown away after any error. Nothing is tried twice. */
export function createWriters(dsn: string, namespace: string, clock: Clock): Writers {
  const desks = new Map<number, Desk>()
  const statement = insertStatement(namespace)
  const deskOf = (writer: number): Desk => {
    const desk = desks.get(writer) ?? {}
    desks.set(writer, desk)
    return desk
  }
  return {
    async write(writer, seq, signal) {
      const desk = deskOf(writer)
      if (desk.refused && clock.now() < desk.refused.until) return { outcome: 'fail', code: desk.refused.code }
      const link = await linkOf(desk)
      return 'outcome' in link ? link : insert(desk, link)

      async function linkOf(own: Desk): Promise<Link | Answer> {
        if (own.link && !own.link.closed()) return own.link
        delete own.link
        delete own.refused
        try {
          own.link = await connect(dsn, namespace, signal)
          return own.link
        } catch (error) {
          const answer = neverSent(error, signal)
          own.refused = { until: (clock.now() + REST_S) as Instant, code: answer.code }
          return answer
        }
      }

      async function insert(own: Desk, on: Link): Promise<Answer & { readonly self?: string }> {
        try {
          const [row] = await within(signal, on.destroy, on.query(statement, [writer, seq]))
          if (on.warned()) return { outcome: 'info', code: 'warning' }
          return { outcome: 'ok', code: '', self: String(row?.[0]) }
        } catch (error) {
          on.destroy()
          delete own.link
          return afterSending(error, signal)
        }
      }
    },
    async close() {
      await Promise.all([...desks.values()].flatMap((desk) => (desk.link ? [desk.link.end()] : [])))
    },
  }
}
