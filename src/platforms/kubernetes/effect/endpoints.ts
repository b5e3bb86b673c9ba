import type { Context } from '../../../contracts/context.ts'
import type { EffectSeen } from '../../../contracts/fault.ts'
import type { Cluster } from '../api/cluster.ts'
import { KINDS } from '../api/kinds.ts'
import type { K8sObject } from '../api/objects.ts'
import { follow } from './shared-watch.ts'

/** Where services send their traffic, as far as a fault is concerned. */
export interface Backends {
  /** undefined: of all namespaces. */
  readonly namespace?: string | undefined
  /** Only endpoints of this service. */
  readonly service?: string
  /** Only endpoints that are one of these pods, by uid. */
  readonly pods?: readonly string[]
}

interface Endpoint {
  readonly conditions?: { readonly ready?: boolean; readonly terminating?: boolean }
  readonly targetRef?: { readonly kind?: string; readonly uid?: string }
  readonly addresses?: readonly string[]
}

const endpointsOf = (slice: K8sObject): readonly Endpoint[] =>
  (slice as unknown as { readonly endpoints?: readonly Endpoint[] }).endpoints ?? []

/** A missing condition counts as ready: that is what the API says of `ready`. */
const isReady = ({ conditions }: Endpoint): boolean => conditions?.ready !== false

/** One name for one backend: a dual-stack pod, or one behind two services, is one. */
const keyOf = ({ targetRef, addresses }: Endpoint): string => targetRef?.uid ?? addresses?.[0] ?? ''

const queryOf = ({ namespace, service }: Backends) => ({
  namespace,
  ...(service !== undefined && { labels: `kubernetes.io/service-name=${service}` }),
})

export function readyIn(slices: Iterable<K8sObject>, pods: ReadonlySet<string> | undefined): ReadonlySet<string> {
  const ready = new Set<string>()
  for (const slice of slices)
    for (const endpoint of endpointsOf(slice)) {
      const key = keyOf(endpoint)
      if (isReady(endpoint) && (pods === undefined || pods.has(key))) ready.add(key)
    }
  return ready
}

const allReady = new WeakMap<ReadonlyMap<string, K8sObject>, ReadonlySet<string>>()

/** How many of these are ready. One state is told to every target of a fault: what is ready in it is worked out once, not a thousand times. */
function countReady(slices: ReadonlyMap<string, K8sObject>, pods: readonly string[]): number {
  const ready = allReady.get(slices) ?? readyIn(slices.values(), undefined)
  allReady.set(slices, ready)
  return pods.filter((pod) => ready.has(pod)).length
}

/** The backends that services send traffic to right now: uids of pods, or addresses of what is no pod. */
export async function readyBackends(cluster: Cluster, of: Backends, context: Context): Promise<readonly string[]> {
  const slices = await cluster.list(KINDS.endpointslice, queryOf(of), context)
  return [...readyIn(slices, of.pods && new Set(of.pods))]
}

interface Looked {
  /** Wall clock. */
  readonly at: number
  readonly ready: Promise<ReadonlySet<string>>
}
const looked = new WeakMap<Cluster, Map<string, Looked>>()
/** Long enough for the pods of one step, which are asked about at once; a witness must be from right before. Seconds. */
const FRESH_FOR = 0.25

/** The same for many pods that are asked about one by one: the slices of their namespace are read once for all of them. */
export function readyPods(cluster: Cluster, namespace: string | undefined, context: Context): Promise<ReadonlySet<string>> {
  const ofCluster = looked.get(cluster) ?? new Map<string, Looked>()
  looked.set(cluster, ofCluster)
  const key = namespace ?? ''
  const now = context.clock.wall()
  const known = ofCluster.get(key)
  if (known && Math.abs(now - known.at) < FRESH_FOR) return known.ready
  const ready = readyBackends(cluster, { namespace }, context).then((uids) => new Set(uids))
  ofCluster.set(key, { at: now, ready })
  ready.catch(() => ofCluster.delete(key))
  return ready
}

/**
 * Watches the EndpointSlices, which is what kube-proxy and every mesh send traffic by, until at most `most` of the backends that were ready
 * before are left. `before` is what `readyBackends` said right before the injection.
 */
export function backendsFall(
  cluster: Cluster,
  of: Backends,
  before: readonly string[],
  most: number,
  context: Context,
): Promise<EffectSeen> {
  const what = of.service === undefined ? 'no service' : `service ${of.service}`
  const unseen = (how: string): EffectSeen => ({ proven: false, level: 'data', at: null, how })
  if (before.length <= most) {
    const none =
      of.service === undefined ? 'no service sent traffic there before the fault' : `${what} had no ready endpoint before the fault`
    const how = before.length === 0 ? none : `only ${before.length} of the endpoints were ready before the fault`
    return Promise.resolve(unseen(`${how}: name a probe that sees it, effect: {probe: NAME}`))
  }
  const began = context.clock.now()
  let lo: number = began
  let left = before.length
  return new Promise((resolve) => {
    // Its own end: the watch is let go when the effect is seen, not when the drill is over.
    const own = new AbortController()
    const signal = AbortSignal.any([context.signal, own.signal])
    follow(
      cluster,
      KINDS.endpointslice,
      queryOf(of),
      ({ objects, listedAt, at }) => {
        left = countReady(objects, before)
        if (left > most) {
          lo = Math.max(lo, listedAt)
          return
        }
        const how = `of ${before.length} ready endpoint${before.length === 1 ? '' : 's'}, ${left === 0 ? 'none is' : `${left} are`} left (EndpointSlice)`
        resolve({ proven: true, level: 'data', at: { lo: Math.min(lo, at), hi: Math.max(at, began) }, how })
        own.abort()
      },
      { ...context, signal },
    )
    const give = (): void => {
      resolve(unseen(`${left} of ${before.length} endpoints are still ready (EndpointSlice)`))
      own.abort()
    }
    if (context.signal.aborted) give()
    else context.signal.addEventListener('abort', give, { once: true })
  })
}
