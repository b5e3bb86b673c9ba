import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import type { Context } from '../contracts/context.ts'
import { DrillError, describe, refused } from '../domain/error.ts'

export const k6Path = ({ env }: Pick<Context, 'env'>): string => env['FIREDRILL_K6'] || 'k6'

/** `v1.8.1`, say. Throws a DrillError when there is no k6, or one that firedrill does not know. */
export async function k6Version(context: Context): Promise<string> {
  const binary = k6Path(context)
  const said = await ask(binary, ['version'], context).catch((error: unknown): never => {
    throw error instanceof DrillError
      ? error
      : refused(`${binary} does not say which version of k6 it is`, 'K6_UNKNOWN', [`${binary} version`], error)
  })
  const version = /\bv(\d+)\.\d+\.\d+\S*/.exec(said)
  if (!version) throw refused(`${binary} does not say which version of k6 it is: ${said.slice(0, 80)}`, 'K6_UNKNOWN', [`${binary} version`])
  if (version[1] !== '1' && version[1] !== '2')
    throw refused(`${binary} is k6 ${version[0]}; firedrill runs versions 1 and 2`, 'K6_VERSION', [
      'FIREDRILL_K6=/path/to/k6 firedrill run …',
    ])
  return version[0]
}

async function ask(binary: string, args: readonly string[], { env, folder }: Context): Promise<string> {
  try {
    return (await promisify(execFile)(binary, args, { env, cwd: folder, timeout: 30_000, maxBuffer: 8 << 20 })).stdout
  } catch (error) {
    if (error instanceof Error && 'code' in error && typeof error.code === 'string' && ['ENOENT', 'EACCES', 'ENOTDIR'].includes(error.code))
      throw missing(binary, error)
    throw error
  }
}

const missing = (binary: string, cause: unknown) =>
  refused(
    `k6 cannot be run as ${binary}, and the experiment's load is k6`,
    'K6_MISSING',
    [
      'install k6 (https://grafana.com/docs/k6/latest/set-up/install-k6/)',
      'FIREDRILL_K6=/path/to/k6 firedrill run …',
      'or use the built-in load: {http: {url: …}}',
    ],
    cause,
  )

export interface K6Options {
  readonly dns?: { readonly ttl?: string | null } | null
  readonly noConnectionReuse?: boolean | null
  readonly scenarios?: Readonly<Record<string, { readonly executor?: string }>> | null
}

/** The options a script comes to, executors derived. Throws a DrillError when k6 cannot read the script. */
export async function k6Inspect(script: string, context: Context): Promise<K6Options> {
  try {
    return JSON.parse(await ask(k6Path(context), ['inspect', '--execution-requirements', script], context)) as K6Options
  } catch (error) {
    if (error instanceof Error && 'stderr' in error && typeof error.stderr === 'string' && error.stderr !== '')
      throw refused(`k6 cannot read ${script}: ${messageOf(error.stderr)}`, 'K6_SCRIPT', [`k6 inspect ${script}`], error)
    throw error instanceof SyntaxError ? refused(`k6 inspect ${script} did not answer in JSON: ${describe(error)}`, 'K6_SCRIPT') : error
  }
}

/** k6 logs `level=error msg="…"`: the last of them, unwrapped. */
export function messageOf(stderr: string): string {
  const messages = Array.from(stderr.matchAll(/level=(?:error|fatal) msg="((?:[^"\\]|\\.)*)"/g), ([, text = '']) =>
    text.replace(/\\(.)/g, '$1'),
  )
  return (messages.at(-1) ?? stderr.trim().split('\n').at(-1) ?? '').slice(0, 400)
}

const CLOSED = new Set(['shared-iterations', 'per-vu-iterations', 'constant-vus', 'ramping-vus'])

/** What of a script cannot time a recovery, by name. What firedrill sets right itself is not among them. */
export function k6Warnings(options: K6Options, source: string): readonly string[] {
  const closed = Object.entries(options.scenarios ?? {}).filter(([, { executor = '' }]) => CLOSED.has(executor))
  return [
    ...closed.map(
      ([name, { executor }]) =>
        `k6-closed-loop: scenario ${name} is ${executor}; it waits for slow answers, so an outage shows as few requests. Use constant-arrival-rate.`,
    ),
    ...(/\btimeout\b/.test(source)
      ? []
      : ['k6-timeout: the script sets no timeout, so k6 waits 60 s for an answer; an outage shows late or never.']),
    ...(options.dns?.ttl && options.dns.ttl !== '0'
      ? [`k6-dns: the script keeps names for ${options.dns.ttl}; a failover by DNS shows that much late.`]
      : []),
    ...(options.noConnectionReuse === false
      ? ['k6-keep-alive: the script reuses connections; a failover by DNS shows late or never.']
      : []),
    ...(/\bFIREDRILL_RUN\b/.test(source)
      ? []
      : ['k6-header: the script’s requests do not carry the firedrill-run header; its value is __ENV.FIREDRILL_RUN.']),
    'k6-rate: the rate and the ramp are the script’s own; FIREDRILL_RATE and FIREDRILL_RAMP hold those of the experiment.',
  ]
}
