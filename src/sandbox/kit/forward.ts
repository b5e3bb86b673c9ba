import type { Agent, IncomingHttpHeaders } from 'node:http'
import type { Seconds } from '../../domain/time.ts'
import { ask } from './client.ts'
import { type Asked, json, type Reply } from './server.ts'

const HOP_BY_HOP = new Set(['connection', 'keep-alive', 'transfer-encoding', 'te', 'trailer', 'upgrade', 'host', 'content-length'])

function passed(headers: IncomingHttpHeaders): Record<string, string | readonly string[]> {
  const kept: Record<string, string | readonly string[]> = {}
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined && !HOP_BY_HOP.has(name)) kept[name] = value
  }
  return kept
}

/** Passes a request on, once: nothing is retried, because an inference is a POST. 502 when the upstream fails, 504 when it is silent. */
export async function forward(
  asked: Asked,
  to: { readonly port: number; readonly agent: Agent; readonly timeout: Seconds },
): Promise<Reply> {
  const path = asked.query.size > 0 ? `${asked.path}?${asked.query.toString()}` : asked.path
  try {
    const answer = await ask({ ...to, path, method: asked.method, headers: passed(asked.headers), body: asked.body })
    return { status: answer.status, headers: passed(answer.headers), body: answer.body }
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'EUNKNOWN'
    return json(code === 'ETIMEDOUT' ? 504 : 502, { error: `upstream: ${code}` })
  }
}
