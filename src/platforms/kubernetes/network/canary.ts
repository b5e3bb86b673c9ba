import { connect as dial } from 'node:net'
import type { Context } from '../../../contracts/context.ts'
import type { EffectSeen } from '../../../contracts/fault.ts'
import { type Seconds, seconds } from '../../../domain/time.ts'
import type { Cluster } from '../api/cluster.ts'
import { KINDS } from '../api/kinds.ts'
import type { K8sObject } from '../api/objects.ts'

/** A port of a pod that was reachable from here before the fault. */
export type Reachable = {
  readonly namespace: string
  readonly pod: string
  readonly uid: string
  readonly host: string
  readonly port: number
}

/** As many as are looked at: more prove no more. */
const MOST = 3
/** A connect that takes longer was not answered: within a cluster it takes milliseconds. */
const PATIENCE = seconds(0.5)
const EVERY = seconds(0.1)

interface Ports {
  readonly containers?: readonly {
    readonly ports?: readonly { readonly containerPort: number; readonly protocol?: string }[]
  }[]
}

function candidatesOf({ metadata, spec, status }: K8sObject, only: readonly number[]): readonly Reachable[] {
  const host = status?.['podIP']
  if (typeof host !== 'string') return []
  const open = ((spec ?? {}) as Ports).containers?.flatMap(({ ports = [] }) => ports) ?? []
  return open
    .filter(({ containerPort, protocol = 'TCP' }) => protocol === 'TCP' && (only.length === 0 || only.includes(containerPort)))
    .map(({ containerPort }) => ({
      namespace: metadata.namespace ?? '',
      pod: metadata.name,
      uid: metadata.uid,
      host,
      port: containerPort,
    }))
}

/** Whether a TCP connection is accepted there. Never rejects. */
function accepts({ host, port }: Reachable, patience: Seconds, signal: AbortSignal): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = dial({ host, port, signal })
    const end = (answer: boolean): void => {
      clearTimeout(timer)
      socket.destroy()
      resolve(answer)
    }
    const timer = setTimeout(end, patience * 1000, false)
    socket.on('connect', () => end(true))
    socket.on('error', () => end(false))
  })
}

/** Of these pods' ports (all TCP ports, or only these) some that accept connections from here: empty where this machine has no way to pods. */
export async function reachableNow(pods: readonly K8sObject[], only: readonly number[], context: Context): Promise<readonly Reachable[]> {
  const candidates = pods.flatMap((pod) => candidatesOf(pod, only).slice(0, 1)).slice(0, MOST)
  const answers = await Promise.all(candidates.map((candidate) => accepts(candidate, PATIENCE, context.signal)))
  return candidates.filter((_, index) => answers[index])
}

/** Connects again and again until none of them accepts any more, while their pods are ready as before: what ends a pod proves no denial. */
export async function connectionsFail(before: readonly Reachable[], cluster: Cluster, context: Context): Promise<EffectSeen> {
  const unseen = (how: string): EffectSeen => ({ proven: false, level: 'data', at: null, how })
  if (before.length === 0)
    return unseen('the pods could not be reached from here before the fault: name a probe that sees it, effect: {probe: NAME}')
  const where = before.map(({ host, port }) => `${host}:${port}`).join(', ')
  for (let lo: number = context.clock.now(); !context.signal.aborted; ) {
    const looked = context.clock.now()
    const answers = await Promise.all(before.map((each) => accepts(each, PATIENCE, context.signal)))
    const hi = context.clock.now()
    if (context.signal.aborted) break
    if (answers.includes(true)) lo = looked
    else if (await areReady(before, cluster, context))
      return {
        proven: true,
        level: 'data',
        at: { lo, hi },
        how: `${where} accepted connections before and does not now; its pods are ready`,
      }
    await context.clock.sleep(EVERY, context.signal).catch(() => undefined)
  }
  return unseen(`${where} still accepts connections from here, or its pods are not ready`)
}

async function areReady(all: readonly Reachable[], cluster: Cluster, context: Context): Promise<boolean> {
  const pods = await Promise.all(all.map(({ namespace, pod }) => cluster.find(KINDS.pod, namespace, pod, context).catch(() => undefined)))
  return pods.every((pod, index) => pod?.metadata.uid === all[index]?.uid && pod !== undefined && isReady(pod))
}

interface Conditions {
  readonly conditions?: readonly { readonly type: string; readonly status: string }[]
}

const isReady = ({ metadata, status }: K8sObject): boolean =>
  metadata.deletionTimestamp === undefined &&
  ((status ?? {}) as Conditions).conditions?.some((each) => each.type === 'Ready' && each.status === 'True') === true
