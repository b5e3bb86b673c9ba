import { readFileSync } from 'node:fs'
import type { Context } from '../../../contracts/context.ts'
import type { Cluster } from '../api/cluster.ts'
import { KINDS } from '../api/kinds.ts'

/** The pod that firedrill runs in and its node: neither is ever touched. */
export interface OwnPod {
  readonly namespace: string
  readonly name: string
  readonly node: string | undefined
}

const NAMESPACE_FILE = '/var/run/secrets/kubernetes.io/serviceaccount/namespace'

/** undefined when this runs outside of the cluster. */
export async function findOwnPod(cluster: Cluster, context: Context): Promise<OwnPod | undefined> {
  const { env } = context
  const name = env['POD_NAME'] ?? env['HOSTNAME']
  if (env['KUBERNETES_SERVICE_HOST'] === undefined || name === undefined) return undefined
  const namespace = env['POD_NAMESPACE'] ?? readNamespace()
  if (namespace === undefined) return undefined
  const pod = await cluster.find(KINDS.pod, namespace, name, context).catch(() => undefined)
  const node = pod?.spec?.['nodeName']
  return { namespace, name, node: typeof node === 'string' ? node : undefined }
}

function readNamespace(): string | undefined {
  try {
    return readFileSync(NAMESPACE_FILE, 'utf8').trim()
  } catch {
    return undefined
  }
}
