import type { Context } from '../../../contracts/context.ts'
import type { UndoOutcome } from '../../../domain/undo.ts'
import { isConflict, isGone } from '../api/api-error.ts'
import { type Cluster, reconnect } from '../api/cluster.ts'
import { KINDS } from '../api/kinds.ts'
import type { K8sObject } from '../api/objects.ts'
import { EXPIRES_LABEL, type Mark, markedBy, PRIOR_ANNOTATION, RUN_LABEL, UNDO_ANNOTATION } from '../change/marks.ts'
import { labelOf, namespaceOf, type ObjectRef } from '../target/target.ts'
import { microTime } from './lock.ts'

/** What giving a stolen Lease free needs. */
export type StolenLease = {
  readonly object: ObjectRef
  /** Who holds it while it is stolen. */
  readonly holder: string
  /** How long it was valid for the one who held it, seconds. */
  readonly duration: number | null
}

export interface LeaseSpec {
  readonly holderIdentity?: string
  readonly leaseDurationSeconds?: number
  readonly leaseTransitions?: number
  readonly renewTime?: string
}

export const leaseSpec = ({ spec = {} }: K8sObject): LeaseSpec => spec

const MARKS = new Set([RUN_LABEL, EXPIRES_LABEL, UNDO_ANNOTATION, PRIOR_ANNOTATION])

const without = (entries: Readonly<Record<string, string>> | undefined): Readonly<Record<string, string>> | undefined => {
  const kept = Object.entries(entries ?? {}).filter(([key]) => !MARKS.has(key))
  return kept.length === 0 ? undefined : Object.fromEntries(kept)
}

/** All else stays as it is; the version makes it hold only if nobody wrote it meanwhile. */
const write = (lease: K8sObject, metadata: object, spec: object, cluster: Cluster, context: Context): Promise<K8sObject> => {
  const { name, namespace } = lease.metadata
  const body = { ...lease, metadata: { ...lease.metadata, ...metadata }, spec: { ...lease.spec, ...spec } }
  return cluster.replace(KINDS.lease, namespace, name, body, context)
}

/** Takes the Lease as it was read, for `length` seconds from now on the server's clock. Rejects (409) when its holder renewed it meanwhile. */
export async function steal(
  lease: K8sObject,
  holder: string,
  length: number,
  mark: Mark,
  cluster: Cluster,
  context: Context,
): Promise<void> {
  const { hi } = await cluster.offset(context)
  const now = microTime(context.clock.wall() + hi)
  const { leaseTransitions = 0 } = leaseSpec(lease)
  const labels = { ...lease.metadata.labels, ...mark.labels }
  const annotations = { ...lease.metadata.annotations, ...mark.annotations }
  const spec = {
    holderIdentity: holder,
    leaseDurationSeconds: length,
    acquireTime: now,
    renewTime: now,
    leaseTransitions: leaseTransitions + 1,
  }
  await write(lease, { labels, annotations }, spec, cluster, context)
}

/** Whether its time is over on the server's own clock, whatever part of a second that is known to. */
async function isOver({ metadata }: K8sObject, cluster: Cluster, context: Context): Promise<boolean> {
  // Asked anew: an undo may come long after the last answer.
  await cluster.ask({ method: 'GET', path: '/version' }, context)
  const { lo } = await cluster.offset(context)
  return context.clock.wall() + lo >= Number(metadata.labels?.[EXPIRES_LABEL])
}

const RETRIES = 8

/** Gives the Lease free for the next candidate, if it is still this run's, and takes the mark off. */
export async function giveFree(record: StolenLease, context: Context): Promise<UndoOutcome> {
  const { object: ref } = record
  const cluster = await reconnect(ref.cluster, context)
  for (let tried = 1; ; tried++) {
    const lease = await cluster.find(KINDS.lease, namespaceOf(ref), ref.name, context)
    if (!lease) return { state: 'not-needed', verified: true, detail: `${labelOf(ref)} is gone, and the fault with it` }
    if (lease.metadata.uid !== ref.uid) return { state: 'not-needed', verified: true, detail: `${labelOf(ref)} was made anew since` }
    const isOurs = leaseSpec(lease).holderIdentity === record.holder
    if (!isOurs && markedBy(lease) !== context.run)
      return { state: 'not-injected', verified: true, detail: `${labelOf(ref)} is not held by ${record.holder} and carries nothing of it` }
    try {
      return await settle(lease, record, isOurs, cluster, context)
    } catch (error) {
      if (!(isConflict(error) || isGone(error)) || tried >= RETRIES) throw error
    }
  }
}

async function settle(lease: K8sObject, record: StolenLease, isOurs: boolean, cluster: Cluster, context: Context): Promise<UndoOutcome> {
  const over = await isOver(lease, cluster, context)
  const metadata = { labels: without(lease.metadata.labels), annotations: without(lease.metadata.annotations) }
  // A Lease without a holder is taken at once; one with the old holder's name would be waited for until it is over.
  const free = { holderIdentity: '', leaseDurationSeconds: record.duration ?? undefined }
  const written = await write(lease, metadata, isOurs ? free : {}, cluster, context)
  const verified = markedBy(written) === undefined && leaseSpec(written).holderIdentity !== record.holder
  const what = labelOf(record.object)
  const { holderIdentity: holder = '' } = leaseSpec(lease)
  if (over)
    return { state: 'expired', verified, detail: `${what} was stolen for a time that is over${isOurs ? '' : `; ${holder} has it now`}` }
  if (isOurs) return { state: 'undone', verified, detail: `${what} is free for the next candidate` }
  return {
    state: 'drifted',
    verified,
    detail: `${what} was taken back by ${holder === '' ? 'nobody' : holder} before its time was over; it was left to them`,
  }
}
