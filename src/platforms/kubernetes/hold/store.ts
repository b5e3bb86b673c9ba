import { createHash } from 'node:crypto'
import { systemClock } from '../../../contracts/clock.ts'
import type { Context } from '../../../contracts/context.ts'
import type { LockHolder } from '../../../contracts/platform.ts'
import type { UndoStore, UndoStoreKind } from '../../../contracts/undo-store.ts'
import { describe, refused } from '../../../domain/error.ts'
import type { JsonObject } from '../../../domain/json.ts'
import type { UndoRecord } from '../../../domain/undo.ts'
import { isConflict, isForbidden, isGone } from '../api/api-error.ts'
import { type Cluster, type ClusterRef, connect } from '../api/cluster.ts'
import { apiVersionOf, KINDS, type KindName, kubectlKind } from '../api/kinds.ts'
import type { K8sObject } from '../api/objects.ts'
import { removeLoadCommand, sweepLoad } from '../change/made.ts'
import { EXPIRES_LABEL, RUN_LABEL, UNDO_ANNOTATION } from '../change/marks.ts'
import { needs } from '../rights/needs.ts'
import { PLATFORM, TARGET_KINDS } from '../target/target.ts'
import { askToStop, holders, isHeld, releaseAll } from './lock.ts'

/** Kinds whose objects can carry a mark: what faults act on and what they create. A sweep of a cluster looks through all of them. */
const MARKED: readonly KindName[] = [
  ...TARGET_KINDS,
  'networkpolicy',
  'validatingwebhook',
  'networkchaos',
  'stresschaos',
  'iochaos',
  'dnschaos',
  'httpchaos',
  'timechaos',
]

const RECORD_KEY = 'record.json'
const ORDER_KEY = 'order'
const WHERE = /^kubernetes:(?<context>[^/]*)(?:\/(?<namespace>[a-z0-9]([a-z0-9-]*[a-z0-9])?))?$/

const keyOf = ({ run, id }: Pick<UndoRecord, 'run' | 'id'>): string => `${run}/${id}`

const nameOf = ({ run, id }: Pick<UndoRecord, 'run' | 'id'>): string =>
  `firedrill-undo-${createHash('sha256').update(keyOf({ run, id })).digest('hex').slice(0, 24)}`

/** The records that a cluster itself holds: on the objects that are faulted, and in ConfigMaps of the store's namespace. */
class ClusterStore implements UndoStore {
  readonly where: string
  readonly #cluster: Cluster
  readonly #namespace: string | undefined
  readonly #context: Context
  /** Where a record was found, when the store is the whole cluster. */
  readonly #found = new Map<string, string>()
  #order = 0

  constructor(where: string, cluster: Cluster, namespace: string | undefined, context: Context) {
    this.where = where
    this.#cluster = cluster
    this.#namespace = namespace
    this.#context = context
  }

  /** For one call: a store outlives the signals of those who use it. */
  get #now(): Context {
    return { ...this.#context, signal: AbortSignal.timeout(15_000) }
  }

  async put(record: UndoRecord): Promise<void> {
    if (this.#namespace === undefined) throw noNamespace(this.where)
    const { hi } = await this.#cluster.offset(this.#now)
    this.#order += 1
    const body: JsonObject = {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: nameOf(record), labels: { [RUN_LABEL]: record.run, [EXPIRES_LABEL]: String(Math.ceil(record.due + hi)) } },
      data: { [RECORD_KEY]: JSON.stringify(record), [ORDER_KEY]: String(this.#order) },
    }
    try {
      await this.#cluster.create(KINDS.configmap, this.#namespace, body, this.#now)
    } catch (error) {
      if (!isConflict(error)) throw error
    }
  }

  async list(run?: string): Promise<readonly UndoRecord[]> {
    const labels = run === undefined ? RUN_LABEL : `${RUN_LABEL}=${run}`
    const stored = await this.#stored(labels)
    const tagged = await this.#tagged(labels).catch((error: unknown) => {
      // A run that keeps its records here has all of them here.
      if (run !== undefined && stored.length > 0) return []
      throw error
    })
    const ref = await this.#cluster.ref(this.#now)
    // In the order of their calls, as far as that is known: undo goes backwards.
    const all = new Map([...stored, ...tagged].map((record) => [keyOf(record), onCluster(record, ref)]))
    return [...all.values()]
  }

  async remove(run: string, id: string): Promise<void> {
    const namespace = this.#namespace ?? this.#found.get(keyOf({ run, id }))
    if (namespace === undefined) return
    await this.#cluster.remove(KINDS.configmap, namespace, nameOf({ run, id }), {}, this.#now)
  }

  async now(): Promise<number> {
    // Asked anew: what was heard at the start of a long sweep is as old as that.
    await this.#cluster.ask({ method: 'GET', path: '/version' }, this.#now)
    const { lo } = await this.#cluster.offset(this.#now)
    return this.#context.clock.wall() + lo
  }

  held(run: string): Promise<boolean> {
    return isHeld(this.#cluster, run, this.#now)
  }

  holders(): Promise<readonly LockHolder[]> {
    return holders(this.#cluster, this.#now)
  }

  stop(run: string, why: string): Promise<boolean> {
    return askToStop(this.#cluster, run, why, this.#now)
  }

  release(run: string): Promise<void> {
    return releaseAll(this.#cluster, run, this.#now)
  }

  async sweep(run: string): Promise<void> {
    await sweepLoad(this.#cluster, { ...this.#now, run }).catch((error: unknown) => {
      throw new Error(`${describe(error)}; ${removeLoadCommand(this.#cluster.access, null, run)}`, { cause: error })
    })
  }

  async #stored(labels: string): Promise<readonly UndoRecord[]> {
    const maps = await this.#cluster.list(KINDS.configmap, { namespace: this.#namespace, labels }, this.#now)
    return maps
      .toSorted((a, b) => Number(a.data?.[ORDER_KEY]) - Number(b.data?.[ORDER_KEY]))
      .flatMap((map) => {
        const records = readRecord(map, map.data?.[RECORD_KEY])
        for (const record of records) if (map.metadata.namespace !== undefined) this.#found.set(keyOf(record), map.metadata.namespace)
        return records
      })
  }

  async #tagged(labels: string): Promise<readonly UndoRecord[]> {
    const lists = await Promise.all(MARKED.map((kind) => this.#listed(kind, labels)))
    return lists.flatMap((objects, i) => objects.flatMap((object) => markRecord(MARKED[i] ?? 'node', object)))
  }

  async #listed(kind: KindName, labels: string): Promise<readonly K8sObject[]> {
    const known = KINDS[kind]
    try {
      return await this.#cluster.list(known, { labels }, this.#now)
    } catch (error) {
      // A kind that this cluster does not have (a CRD that is not installed) has nothing marked.
      if (isGone(error)) return []
      if (isForbidden(error))
        throw refused(
          `You may not list ${known.plural} (${apiVersionOf(known)}) in the whole cluster, so what is faulted there cannot be known.`,
          'FORBIDDEN',
          [`kubectl auth can-i list ${known.plural} --all-namespaces`],
          error,
        )
      throw error
    }
  }
}

const noNamespace = (where: string) =>
  refused(`${where} names no namespace for its records.`, 'UNDO_STORE', ['undoStore: kubernetes:CONTEXT/NAMESPACE'])

/**
 * The record that a marked object carries. It may speak of that object alone: whoever may write an annotation somewhere must not have an
 * administrator's undo act elsewhere. One that does not is kept as what cannot be undone, so that it is seen.
 */
function markRecord(kind: KindName, object: K8sObject): readonly UndoRecord[] {
  const { metadata } = object
  const text = metadata.annotations?.[UNDO_ANNOTATION]
  const run = metadata.labels?.[RUN_LABEL]
  // The lock of a drill is no fault.
  if (text === undefined || run === undefined) return []
  try {
    const [record] = readRecord(object, text)
    if (record && record.run === run && speaksOf(record, kind, object)) return [record]
  } catch {
    // Nobody's JSON.
  }
  const what = `${kind} ${metadata.namespace === undefined ? '' : `${metadata.namespace}/`}${metadata.name}`
  const args = metadata.namespace === undefined ? [] : ['-n', metadata.namespace]
  const command = ['kubectl', ...args, 'get', kubectlKind(KINDS[kind]), metadata.name, '-o', 'yaml'].join(' ')
  const unreadable = { id: `${what}#0/0`, run, fault: 'unreadable', kind: 'an unreadable mark', version: 0, target: what, data: null }
  return [{ ...unreadable, command, expires: null, due: Number(metadata.labels?.[EXPIRES_LABEL]) || 0 }]
}

function speaksOf({ kind, data }: UndoRecord, of: KindName, { metadata }: K8sObject): boolean {
  if (!kind.startsWith(`${PLATFORM}/`) || typeof data !== 'object' || data === null || Array.isArray(data)) return false
  const outer = data as JsonObject
  const isIt = ({ kind: named, namespace, name, uid = metadata.uid }: JsonObject): boolean =>
    named === of && (namespace ?? null) === (metadata.namespace ?? null) && name === metadata.name && uid === metadata.uid
  return isIt(outer) || isIt((outer['object'] ?? {}) as JsonObject)
}

function readRecord({ metadata }: K8sObject, text: unknown): readonly UndoRecord[] {
  if (typeof text !== 'string') return []
  const record = JSON.parse(text) as UndoRecord
  const due = Number(metadata.labels?.[EXPIRES_LABEL])
  return [Number.isFinite(due) ? { ...record, due } : record]
}

/** Elsewhere the same cluster goes by another name: a record is undone through the connection by which it was found. */
function onCluster(record: UndoRecord, ref: ClusterRef): UndoRecord {
  const { data } = record
  if (typeof data !== 'object' || data === null || Array.isArray(data)) return record
  const of = data as JsonObject
  const object = of['object'] as JsonObject | undefined
  return { ...record, data: { ...of, ...('cluster' in of && { cluster: ref }), ...(object && { object: { ...object, cluster: ref } }) } }
}

/** `kubernetes:CONTEXT/NAMESPACE`; without a namespace it can be read (marks and all ConfigMaps) and not written. */
export const clusterStore: UndoStoreKind = {
  scheme: 'kubernetes',
  summary: 'ConfigMaps of a cluster, kubernetes:CONTEXT/NAMESPACE; read together with the marks on faulted objects',
  async open(where, { env, folder }) {
    const { context, namespace } = WHERE.exec(where)?.groups ?? {}
    if (context === undefined)
      throw refused(`${where} is no undo store: kubernetes:CONTEXT/NAMESPACE is.`, 'UNDO_STORE', ['kubectl config get-contexts'])
    const cluster = await connect(context === '' ? {} : { context }, { env, folder })
    const own: Context = {
      clock: systemClock(process.hrtime.bigint()),
      signal: new AbortController().signal,
      run: 'undo-store',
      lease: { file: '', epoch: 0 },
      env,
      folder,
      note: () => undefined,
    }
    return new ClusterStore(where, cluster, namespace, own)
  },
  needs(where) {
    const { context, namespace } = WHERE.exec(where)?.groups ?? {}
    if (namespace === undefined) throw noNamespace(where)
    const cluster = context === undefined || context === '' ? {} : { context }
    return needs(['create', 'delete', 'list'], { cluster, kind: KINDS.configmap, namespace })
  },
}
