import type { Context } from '../../contracts/context.ts'
import { count, duration, list, type Of, object, withDefault } from '../../domain/shape.ts'
import { headerCheck, headerChecks, jsonCheck, jsonChecks, textCheck, valueCheck } from '../net/check.ts'
import { createHttpClient } from '../net/http-client.ts'
import { httpFields, httpOptionals, httpTarget, httpUrl } from '../net/http-fields.ts'

const expectation = object(
  {},
  {
    status: list(count({ min: 100, max: 599 }), {
      min: 1,
      doc: 'Statuses that count; default any of 200 to 299',
      examples: ['[200, 204]'],
    }),
    headers: headerChecks,
    json: jsonChecks,
    body: textCheck('What the answer must hold'),
  },
  { doc: 'What the answer must be' },
)

/** One request and what its answer must be. */
export const httpRequest = object(
  { url: httpUrl, ...httpFields, timeout: withDefault(duration({ min: 0.001, doc: 'Given up after this' }), '10s') },
  { ...httpOptionals, expect: expectation },
)
export type HttpRequest = Of<typeof httpRequest>

export interface HttpAnswer {
  /** Somebody answered, whatever it was. */
  readonly answered: boolean
  /** The answer is what was expected. */
  readonly ok: boolean
  /** The status, or why there was none. */
  readonly said: string
}

function judge({
  expect = {},
}: HttpRequest): (status: number, headers: Readonly<Record<string, string | string[] | undefined>>, body: string) => string | undefined {
  const headersHold = headerCheck(expect.headers ?? {})
  const jsonHolds = expect.json === undefined ? (): boolean => true : jsonCheck(expect.json)
  const bodyHolds = expect.body === undefined ? (): boolean => true : valueCheck(expect.body)
  return (status, headers, body) => {
    const wanted = expect.status === undefined ? status >= 200 && status < 300 : expect.status.includes(status)
    if (!wanted) return `status ${status}`
    if (!headersHold(headers)) return `status ${status}, but a header is not what was expected`
    return jsonHolds(body) && bodyHolds(body) ? undefined : `status ${status}, but the body is not what was expected`
  }
}

/** Sends it once, on a connection of its own. Rejects when the signal aborts, or a secret or file is missing; a failed request is an answer that is not ok. */
export async function callHttp(request: HttpRequest, context: Context): Promise<HttpAnswer> {
  context.signal.throwIfAborted()
  const check = judge(request)
  const client = createHttpClient(httpTarget(request, { keepAlive: false, wantBody: true }, context), context.clock)
  const result = await orAborted(client.send(request.timeout), context.signal, () => client.close())
  if (!result.answered) return { answered: false, ok: false, said: `no answer (${result.code})` }
  const wrong = check(result.status, result.headers, result.body)
  return { answered: true, ok: wrong === undefined, said: wrong ?? `status ${result.status}` }
}

/** Rejects with the signal's reason at once; `end` closes what is under way either way. */
function orAborted<T>(work: Promise<T>, signal: AbortSignal, end: () => void): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const give = (): void => reject(signal.reason)
    signal.addEventListener('abort', give, { once: true })
    work.then(resolve, reject)
  }).finally(end)
}

/** How a person would type it; without secrets: headers and what stands before an `@` are not shown. */
export function sayRequest({ method, url }: HttpRequest): string {
  const shown = url.replace(/^(https?:\/\/)[^/@]*@/, '$1')
  return `curl -X ${method} '${shown}'`
}
