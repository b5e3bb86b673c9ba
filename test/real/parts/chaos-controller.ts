import { setTimeout as pause } from 'node:timers/promises'
import type { ControlPlane } from './control-plane.ts'

/** How Chaos Mesh may behave. What it does otherwise is in its controllers (condition, desiredphase, finalizers, records). */
export interface ChaosOptions {
  /** Applying fails with this message; the record stays `Not Injected`, and so AllRecovered is true. */
  readonly failing?: string
  /** Nothing is ever selected, as where namespaces are filtered. */
  readonly selectsNothing?: boolean
  /** It injects so much later, milliseconds. */
  readonly slow?: number
}

export interface ChaosController extends AsyncDisposable {
  /** From now on it does not recover: a node is gone. Its finalizer stays. */
  stick(why: string): void
  unstick(): void
  /** Every state of conditions that was written, for `kind/name`, oldest first. */
  readonly history: ReadonlyMap<string, readonly string[]>
}

const KINDS = ['networkchaos', 'stresschaos', 'iochaos', 'dnschaos', 'httpchaos', 'timechaos'] as const
/** Of these a record is a container, of the others a pod. */
const OF_CONTAINERS = new Set(['stresschaos', 'iochaos', 'dnschaos', 'timechaos'])
const FINALIZER = 'chaos-mesh/records'
const CLEAN = 'chaos-mesh.chaos-mesh.org/cleanFinalizer'
/** What its daemon would do on the node is played by an annotation of the pod, which is how tests see who was hit. */
export const HIT = 'drill.test/hit'

interface ChaosRecord {
  readonly id: string
  readonly selectorKey: string
  phase: string
  injectedCount: number
  recoveredCount: number
  events: { type: string; operation: string; timestamp: string; message?: string }[]
}

interface Chaos {
  readonly metadata: {
    readonly name: string
    readonly namespace: string
    readonly creationTimestamp: string
    readonly deletionTimestamp?: string
    finalizers?: string[]
    readonly annotations?: Readonly<Record<string, string>>
  }
  readonly spec: {
    readonly duration?: string
    readonly selector: { readonly pods?: Readonly<Record<string, readonly string[]>> }
    readonly containerNames?: readonly string[]
  }
  status?: {
    conditions?: { type: string; status: string }[]
    experiment: { desiredPhase?: string; containerRecords?: ChaosRecord[] }
  }
}

interface Pod {
  readonly metadata: { readonly annotations?: Readonly<Record<string, string>> }
  readonly spec: { readonly containers: readonly { readonly name: string }[] }
}

const secondsOf = (duration: string): number =>
  Array.from(
    duration.matchAll(/(\d+(?:\.\d+)?)(ms|[smh])/g),
    ([, amount, unit]) => Number(amount) * { ms: 0.001, s: 1, m: 60, h: 3600 }[unit as 's'],
  ).reduce((a, b) => a + b, 0)

const event = (type: string, operation: string, message?: string) => ({
  type,
  operation,
  timestamp: new Date().toISOString().replace(/\.\d+/, ''),
  ...(message !== undefined && { message }),
})

/** Plays Chaos Mesh on a control plane: reads its objects, writes their status the way its controllers do, one step after the other. */
export function startChaosController(plane: ControlPlane, options: ChaosOptions = {}): ChaosController {
  const history = new Map<string, string[]>()
  const { api } = plane
  let stuck: string | undefined
  let ended = false

  const hit = async (namespace: string, name: string, kind: string, on: boolean): Promise<void> => {
    const path = `/api/v1/namespaces/${namespace}/pods/${name}`
    const { status, body } = await api.request('GET', path)
    if (status === 404) return
    const now = new Set(((body as Pod).metadata.annotations?.[HIT] ?? '').split(',').filter((each) => each !== ''))
    if (on) now.add(kind)
    else now.delete(kind)
    const annotations = { [HIT]: now.size === 0 ? null : [...now].join(',') }
    await api.call('PATCH', path, { metadata: { annotations } }, 'application/merge-patch+json')
  }

  const select = async (kind: string, { spec }: Chaos): Promise<ChaosRecord[]> => {
    if (options.selectsNothing) return []
    const records: ChaosRecord[] = []
    for (const [namespace, names] of Object.entries(spec.selector.pods ?? {}))
      for (const name of names) {
        const { status, body } = await api.request('GET', `/api/v1/namespaces/${namespace}/pods/${name}`)
        if (status !== 200) continue
        const all = (body as Pod).spec.containers.map((container) => container.name)
        const containers = spec.containerNames ? all.filter((each) => spec.containerNames?.includes(each)) : all.slice(0, 1)
        for (const container of OF_CONTAINERS.has(kind) ? containers : [''])
          records.push({
            id: `${namespace}/${name}${container === '' ? '' : `/${container}`}`,
            selectorKey: '.',
            phase: 'Not Injected',
            injectedCount: 0,
            recoveredCount: 0,
            events: [],
          })
      }
    return records
  }

  const apply = async (kind: string, record: ChaosRecord): Promise<void> => {
    if (options.failing !== undefined) {
      record.events = [...record.events, event('Failed', 'Apply', options.failing)].slice(-3)
      return
    }
    const [namespace = '', name = ''] = record.id.split('/')
    await hit(namespace, name, kind, true)
    record.phase = 'Injected'
    record.injectedCount += 1
    record.events.push(event('Succeeded', 'Apply'))
  }

  const recover = async (kind: string, record: ChaosRecord): Promise<void> => {
    if (stuck !== undefined) {
      record.events = [...record.events, event('Failed', 'Recover', stuck)].slice(-3)
      return
    }
    const [namespace = '', name = ''] = record.id.split('/')
    await hit(namespace, name, kind, false)
    record.phase = 'Not Injected'
    record.recoveredCount += 1
    record.events.push(event('Succeeded', 'Recover'))
  }

  /** One step; what it changed is written as the whole object, as the real ones do. */
  const step = async (kind: string, chaos: Chaos): Promise<void> => {
    const { metadata, spec } = chaos
    const before = JSON.stringify(chaos)
    const deleted = metadata.deletionTimestamp !== undefined
    const experiment = { ...chaos.status?.experiment }
    const age = (Date.now() - Date.parse(metadata.creationTimestamp)) / 1000
    const over = spec.duration !== undefined && age >= secondsOf(spec.duration)
    const first = chaos.status === undefined
    experiment.desiredPhase = deleted || over ? 'Stop' : 'Run'
    const records = experiment.containerRecords ?? (first ? [] : await select(kind, chaos))
    const fresh = experiment.containerRecords === undefined
    if (!fresh && age * 1000 >= (options.slow ?? 0))
      for (const record of records) {
        if (experiment.desiredPhase === 'Run' && record.phase === 'Not Injected') await apply(kind, record)
        else if (experiment.desiredPhase === 'Stop' && record.phase === 'Injected') await recover(kind, record)
      }
    if (records.length > 0) experiment.containerRecords = records
    const every = (phase: string): string => (records.length > 0 && records.every((each) => each.phase === phase) ? 'True' : 'False')
    const conditions = [
      { type: 'Selected', status: records.length > 0 ? 'True' : 'False' },
      { type: 'AllInjected', status: every('Injected') },
      { type: 'AllRecovered', status: every('Not Injected') },
      { type: 'Paused', status: 'False' },
    ]
    const free = metadata.annotations?.[CLEAN] === 'forced' || records.every(({ phase }) => phase === 'Not Injected')
    const next: Chaos = {
      ...chaos,
      metadata: { ...metadata, finalizers: deleted && free ? [] : [FINALIZER] },
      status: { conditions, experiment },
    }
    if (JSON.stringify(next) === before) return
    const { namespace, name } = metadata
    await api.request('PUT', `/apis/chaos-mesh.org/v1alpha1/namespaces/${namespace}/${kind}/${name}`, next)
    const key = `${kind}/${name}`
    const line = `${experiment.desiredPhase} ${conditions.map(({ type, status }) => `${type}=${status}`).join(' ')}`
    if (history.get(key)?.at(-1) !== line) history.set(key, [...(history.get(key) ?? []), line])
  }

  const loop = (async () => {
    while (!ended) {
      for (const kind of KINDS) {
        const { status, body } = await api
          .request('GET', `/apis/chaos-mesh.org/v1alpha1/${kind}`)
          .catch(() => ({ status: 0, body: undefined }))
        if (status === 200) for (const chaos of (body as { items: Chaos[] }).items) await step(kind, chaos).catch(() => undefined)
      }
      await pause(100)
    }
  })()

  return {
    history,
    stick: (why) => {
      stuck = why
    },
    unstick: () => {
      stuck = undefined
    },
    async [Symbol.asyncDispose]() {
      ended = true
      await loop
    },
  }
}
