import type { Context } from '../../contracts/context.ts'
import type { Cluster } from '../../platforms/kubernetes/api/cluster.ts'
import { KINDS, objectPath } from '../../platforms/kubernetes/api/kinds.ts'
import type { K8sObject } from '../../platforms/kubernetes/api/objects.ts'
import { messageOf } from '../k6-binary.ts'

/** One of the operator's pods, as far as its end is concerned. */
export interface RunnerSeen {
  readonly name: string
  /** k6's own exit code; null: it has not ended, or nobody knows. */
  readonly exit: number | null
  /** Why it cannot start, and will not by waiting. */
  readonly stuck: string | null
  /** Why it has not started yet. */
  readonly waits: string | null
  /** It is over without an exit code: evicted, say. */
  readonly lost: string | null
}

export interface TestRunSeen {
  /** `initialization`, `initialized`, `created`, `started`, `stopped`, `finished`, `error`; '' before the operator looked at it; undefined: it is gone. */
  readonly stage: string | undefined
  readonly runners: readonly RunnerSeen[]
}

/** Where the TestRun is, and which one it is. */
export interface TestRunPlace {
  readonly cluster: Cluster
  readonly namespace: string
  readonly name: string
  readonly uid: string
}

/** These are no matter of time. */
const STUCK = new Set([
  'ImagePullBackOff',
  'InvalidImageName',
  'ErrImageNeverPull',
  'CreateContainerConfigError',
  'CreateContainerError',
  'CrashLoopBackOff',
])

interface PodStatus {
  readonly phase?: string
  readonly reason?: string
  readonly message?: string
  readonly conditions?: readonly { readonly type: string; readonly status: string; readonly reason?: string; readonly message?: string }[]
  readonly containerStatuses?: readonly {
    readonly name: string
    readonly state?: {
      readonly waiting?: { readonly reason?: string; readonly message?: string }
      readonly terminated?: { readonly exitCode: number }
    }
  }[]
}

export async function look({ cluster, namespace, name, uid }: TestRunPlace, context: Context): Promise<TestRunSeen> {
  const [run, runners] = await Promise.all([
    cluster.find(KINDS.testrun, namespace, name, context),
    runnersOf({ cluster, namespace, name }, context),
  ])
  const said = run?.status?.['stage']
  return { stage: run?.metadata.uid === uid ? (typeof said === 'string' ? said : '') : undefined, runners }
}

/** The pods that make the traffic, by name. */
export async function runnersOf({ cluster, namespace, name }: Omit<TestRunPlace, 'uid'>, context: Context): Promise<readonly RunnerSeen[]> {
  const pods = await cluster.list(KINDS.pod, { namespace, labels: `k6_cr=${name},runner=true` }, context)
  return pods.map(readRunner).toSorted((a, b) => (a.name < b.name ? -1 : 1))
}

/** A pod of a Job is called like it with a few letters more; the Job is the runner. */
const runnerName = ({ metadata }: K8sObject): string =>
  metadata.labels?.['job-name'] ?? metadata.ownerReferences?.find(({ kind }) => kind === 'Job')?.name ?? metadata.name

function readRunner(pod: K8sObject): RunnerSeen {
  const status = (pod.status ?? {}) as unknown as PodStatus
  const k6 = status.containerStatuses?.find(({ name }) => name === 'k6')?.state
  const exit = k6?.terminated?.exitCode ?? null
  const waiting = k6?.waiting
  const said = waiting?.reason === undefined ? null : [waiting.reason, waiting.message].filter(Boolean).join(': ')
  const unscheduled = status.conditions?.find((each) => each.type === 'PodScheduled' && each.status === 'False')
  return {
    name: runnerName(pod),
    exit,
    stuck: waiting?.reason !== undefined && STUCK.has(waiting.reason) ? said : null,
    waits: said ?? unscheduled?.message ?? (status.phase === 'Pending' ? 'it is pending' : null),
    lost: status.phase === 'Failed' && exit === null ? [status.reason ?? 'failed', status.message].filter(Boolean).join(': ') : null,
  }
}

/** The last words of what read the script before any runner was made; '' when they cannot be had. */
export async function initializerWords({ cluster, namespace, name }: TestRunPlace, context: Context): Promise<string> {
  try {
    const [pod] = await cluster.list(KINDS.pod, { namespace, labels: `k6_cr=${name},job-name=${name}-initializer` }, context)
    if (!pod) return ''
    const path = objectPath(KINDS.pod, namespace, pod.metadata.name, 'log')
    return messageOf(await cluster.ask({ method: 'GET', path, query: { tailLines: 50 }, accept: '*/*', tries: 1 }, context))
  } catch {
    return ''
  }
}
