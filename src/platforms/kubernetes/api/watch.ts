import { createInterface } from 'node:readline'
import type { Context } from '../../../contracts/context.ts'
import { describe } from '../../../domain/error.ts'
import { type Seconds, seconds } from '../../../domain/time.ts'
import { ApiError, errorOf, noAnswer } from './api-error.ts'
import type { Cluster, ListQuery } from './cluster.ts'
import { collectionPath, type Kind } from './kinds.ts'
import type { K8sObject } from './objects.ts'
import { begin } from './request.ts'

/** One change as it was received. `at`: the drill's clock at receipt; the change itself is older by what the server and the way took. */
export type Change =
  | { readonly type: 'ADDED' | 'MODIFIED' | 'DELETED'; readonly object: K8sObject; readonly at: number }
  /** Everything that is there, at the start and whenever the stream had to begin anew: what is not in it is gone. It is from between `at` and `received`. */
  | { readonly type: 'LISTED'; readonly objects: readonly K8sObject[]; readonly at: number; readonly received: number }
  /** Nobody knows from here on, until the next LISTED. */
  | { readonly type: 'LOST'; readonly why: string; readonly at: number }

/** The server ends a watch after this; it is gone on with from where it was. */
const SERVER_TIMEOUT = 240
/** Without a bookmark or a change for so long the stream is dead, whatever TCP says. The server sends a bookmark a minute. */
const SILENCE = seconds(75)
const PAUSE = seconds(0.5)

/**
 * Lists, then watches, and begins anew when the stream breaks: every change, in order, none left out without a LOST before it. Resolves when
 * the signal aborts. Rejects only when the first list is refused.
 */
export async function watch(
  cluster: Cluster,
  kind: Kind,
  query: ListQuery,
  seen: (change: Change) => void,
  context: Context,
): Promise<void> {
  let version = await listed(cluster, kind, query, seen, context)
  while (!context.signal.aborted) {
    try {
      version = await stream(cluster, kind, query, version, seen, context)
    } catch (error) {
      if (context.signal.aborted) return
      seen({ type: 'LOST', why: describe(error), at: context.clock.now() })
      version = await listAgain(cluster, kind, query, seen, context)
    }
  }
}

async function listed(cluster: Cluster, kind: Kind, query: ListQuery, seen: (change: Change) => void, context: Context): Promise<string> {
  const objects: K8sObject[] = []
  let version = ''
  const began = context.clock.now()
  for await (const page of cluster.pages(kind, query, context)) {
    objects.push(...page.items)
    version = page.metadata.resourceVersion
  }
  seen({ type: 'LISTED', objects, at: began, received: context.clock.now() })
  return version
}

async function listAgain(
  cluster: Cluster,
  kind: Kind,
  query: ListQuery,
  seen: (change: Change) => void,
  context: Context,
): Promise<string> {
  for (;;) {
    try {
      return await listed(cluster, kind, query, seen, context)
    } catch {
      if (context.signal.aborted) return ''
      await context.clock.sleep(PAUSE, context.signal).catch(() => undefined)
    }
  }
}

interface Line {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK' | 'ERROR'
  readonly object: K8sObject & { readonly code?: number; readonly message?: string; readonly reason?: string }
}

/** One connection; resolves with the version to go on from when the server ended it in order. */
async function stream(
  cluster: Cluster,
  kind: Kind,
  query: ListQuery,
  from: string,
  seen: (change: Change) => void,
  context: Context,
): Promise<string> {
  const silence = new AbortController()
  const path = collectionPath(kind, query.namespace)
  const response = await begin(
    cluster.access,
    {
      method: 'GET',
      path,
      query: {
        watch: 'true',
        allowWatchBookmarks: 'true',
        resourceVersion: from,
        timeoutSeconds: SERVER_TIMEOUT,
        labelSelector: query.labels,
        fieldSelector: query.fields,
      },
    },
    { run: context.run, signal: AbortSignal.any([context.signal, silence.signal]) },
  )
  const status = response.statusCode ?? 0
  if (status !== 200) {
    response.resume()
    throw errorOf(status, '', `watch ${path}`, response.headers['retry-after'])
  }
  let version = from
  let broken: unknown
  response.on('error', (error) => {
    broken = error
  })
  let timer = quiet(silence, SILENCE)
  try {
    for await (const text of createInterface({ input: response, crlfDelay: Number.POSITIVE_INFINITY })) {
      clearTimeout(timer)
      timer = quiet(silence, SILENCE)
      const { type, object } = JSON.parse(text) as Line
      if (type === 'ERROR')
        throw new ApiError(object.message ?? 'the watch failed', { status: object.code ?? 0, reason: object.reason ?? '' })
      version = object.metadata.resourceVersion
      if (type !== 'BOOKMARK') seen({ type, object, at: context.clock.now() })
    }
    if (broken !== undefined) throw noAnswer(`watch ${path}`, broken)
    return version
  } finally {
    clearTimeout(timer)
    response.destroy()
  }
}

function quiet(silence: AbortController, length: Seconds): NodeJS.Timeout {
  const timer = setTimeout(() => silence.abort(new Error(`nothing was heard for ${length} s`)), length * 1000)
  timer.unref()
  return timer
}
