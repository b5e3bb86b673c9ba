import { existsSync } from 'node:fs'
import { Agent as HttpAgent } from 'node:http'
import { Agent as HttpsAgent, type RequestOptions } from 'node:https'
import { homedir } from 'node:os'
import { delimiter, isAbsolute, join, resolve } from 'node:path'
import type { KubeConfig } from '@kubernetes/client-node'
import type { Context } from '../../../contracts/context.ts'
import { describe, OutsideError, refused } from '../../../domain/error.ts'
import { createTurns, type Turns } from './turns.ts'

/** Which cluster, as an experiment names it. Neither: the current context of the usual kubeconfig, or the cluster that this runs in. */
export interface ClusterName {
  readonly kubeconfig?: string
  readonly context?: string
}

/** What a request needs to get through: credentials as they are now, and connections that are kept. */
export interface Access {
  readonly server: URL
  /** For requests that are answered and over; watches, which last, have none. */
  readonly turns: Turns
  /** The context's name; of a cluster that this runs in, `in-cluster`. */
  readonly context: string
  /** The namespace that the context stands for, if it names one. */
  readonly namespace: string | undefined
  /** Of the credentials as they are now: a new one when a client certificate has changed. */
  readonly agent: HttpAgent | HttpsAgent
  /**
   * Headers that say who asks. When `fresh`, the kubeconfig, its token file or its exec plugin is asked anew, whatever was cached. Rejects
   * with an OutsideError when it has none now.
   */
  headers(fresh: boolean): Promise<Readonly<Record<string, string>>>
}

/** The client-node package is large: it is loaded when a cluster is first used, for its kubeconfigs and credentials. */
export const loadClientNode = () => import('./client-node-sdk.ts')

/** More connections than this and an API server's priority-and-fairness begins to queue one client against itself. */
const CONNECTIONS = 50
/** Credentials are asked for again after this long: token files and exec plugins rotate theirs. */
const FRESH_FOR = 10_000

/** Opens what the experiment names. Throws a DrillError (refused) when there is no such kubeconfig or context. */
export async function openAccess(name: ClusterName, at: Pick<Context, 'env' | 'folder'>): Promise<Access> {
  const config = await readConfig(name, at)
  const cluster = config.getCurrentCluster()
  if (!cluster) throw noContext(name, config)
  const server = new URL(cluster.server)
  const agentFor = (options: RequestOptions) => agentOf(server, options, cluster.proxyUrl)
  const credentials = await keepCredentials(config, () => readConfig(name, at), agentFor)
  return {
    server,
    turns: createTurns(CONNECTIONS),
    context: config.getCurrentContext(),
    namespace: config.getContextObject(config.getCurrentContext())?.namespace,
    get agent() {
      return credentials.agent()
    },
    headers: credentials.headers,
  }
}

async function readConfig({ kubeconfig, context }: ClusterName, { env, folder }: Pick<Context, 'env' | 'folder'>): Promise<KubeConfig> {
  const { KubeConfig: Config } = await loadClientNode()
  const config = new Config()
  const files = filesOf(kubeconfig, env, folder)
  try {
    if (files.length > 0) loadFiles(config, files, Config)
    else if (env['KUBERNETES_SERVICE_HOST'] !== undefined) config.loadFromCluster()
    else throw refused('There is no kubeconfig.', 'KUBECONFIG_MISSING', ['export KUBECONFIG=FILE', 'kubectl config get-contexts'])
  } catch (error) {
    if (error instanceof Error && error.name === 'DrillError') throw error
    throw refused(
      `The kubeconfig ${files.join(', ')} cannot be read: ${describe(error)}`,
      'KUBECONFIG_UNREADABLE',
      ['kubectl config view'],
      error,
    )
  }
  if (context === undefined) return config
  if (!config.getContextObject(context)) throw noContext({ context }, config)
  config.setCurrentContext(context)
  return config
}

/** Whether this machine has a cluster to do with: a kubeconfig, named or at its usual place, or it runs in one. */
export const knowsCluster = ({ env, folder }: Pick<Context, 'env' | 'folder'>): boolean =>
  filesOf(undefined, env, folder).length > 0 || env['KUBERNETES_SERVICE_HOST'] !== undefined

/** The experiment's own, relative to it; else `KUBECONFIG`, which may be several; else the usual one if it is there. */
function filesOf(kubeconfig: string | undefined, env: Context['env'], folder: string): readonly string[] {
  if (kubeconfig !== undefined) return [isAbsolute(kubeconfig) ? kubeconfig : resolve(folder, kubeconfig)]
  const named = env['KUBECONFIG']?.split(delimiter).filter((file) => file !== '') ?? []
  if (named.length > 0) return named
  const usual = join(env['HOME'] ?? homedir(), '.kube', 'config')
  return existsSync(usual) ? [usual] : []
}

function loadFiles(config: KubeConfig, [first, ...others]: readonly string[], Config: new () => KubeConfig): void {
  config.loadFromFile(first ?? '')
  for (const file of others) {
    const more = new Config()
    more.loadFromFile(file)
    config.mergeConfig(more, true)
  }
}

function noContext({ context }: ClusterName, config: KubeConfig) {
  const known = config.getContexts().map(({ name }) => name)
  const which = context === undefined ? 'The kubeconfig has no current context' : `The kubeconfig has no context "${context}"`
  return refused(`${which}; it has ${known.length === 0 ? 'none' : known.join(', ')}.`, 'CONTEXT_UNKNOWN', ['kubectl config get-contexts'])
}

async function optionsOf(config: KubeConfig): Promise<RequestOptions> {
  const options: RequestOptions = {}
  try {
    await config.applyToHTTPSOptions(options)
    return options
  } catch (error) {
    const why = `No credentials for the context "${config.getCurrentContext()}": ${describe(error)}`
    throw new OutsideError(why, 'CREDENTIALS', ['kubectl auth whoami'], error)
  }
}

/** Behind a proxy the library's own agent knows the way; else one that keeps its connections. */
function agentOf(server: URL, options: RequestOptions, proxy: string | undefined): HttpAgent | HttpsAgent {
  if (proxy !== undefined && options.agent instanceof HttpAgent) return options.agent
  const kept = { keepAlive: true, maxFreeSockets: CONNECTIONS, scheduling: 'fifo' } as const
  if (server.protocol === 'http:') return new HttpAgent(kept)
  const { ca, cert, key, pfx, passphrase, rejectUnauthorized, servername } = options
  return new HttpsAgent({ ...kept, ...defined({ ca, cert, key, pfx, passphrase, rejectUnauthorized, servername }) })
}

const defined = <T extends object>(of: T): { [K in keyof T]?: Exclude<T[K], undefined> } =>
  Object.fromEntries(Object.entries(of).filter(([, value]) => value !== undefined)) as { [K in keyof T]?: Exclude<T[K], undefined> }

interface Credentials {
  readonly agent: () => HttpAgent | HttpsAgent
  readonly headers: Access['headers']
}

async function keepCredentials(
  config: KubeConfig,
  readAgain: () => Promise<KubeConfig>,
  agentFor: (options: RequestOptions) => HttpAgent | HttpsAgent,
): Promise<Credentials> {
  let current = config
  let known = await optionsOf(config)
  let agent = agentFor(known)
  let asked = performance.now()
  let asking: Promise<void> | undefined
  const ask = async (fresh: boolean): Promise<void> => {
    // The library keeps what an exec plugin said for as long as that claims to be good: a revoked token is got rid of with the config.
    if (fresh) current = await readAgain()
    const options = await optionsOf(current)
    if (options.cert !== known.cert || options.key !== known.key) agent = agentFor(options)
    known = options
    asked = performance.now()
  }
  const headers: Access['headers'] = async (fresh) => {
    if (fresh || performance.now() - asked >= FRESH_FOR) {
      // Many requests that are refused at once ask once.
      asking ??= ask(fresh).finally(() => {
        asking = undefined
      })
      await asking
    }
    return headersOf(known)
  }
  return { agent: () => agent, headers }
}

function headersOf({ headers, auth }: RequestOptions): Readonly<Record<string, string>> {
  const own = Object.entries((headers ?? {}) as Readonly<Record<string, unknown>>).map(([key, value]) => [key, String(value)])
  const basic = typeof auth === 'string' ? { Authorization: `Basic ${Buffer.from(auth).toString('base64')}` } : {}
  return { ...Object.fromEntries(own), ...basic }
}
